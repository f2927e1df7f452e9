"""The graph view: definitions as pictures, executions as what happened in them.

definition   a definition as regions of states and edges, read leniently
layout       where boxes, labels and edges stand
svg, mermaid pictures of a definition
story        histories as visits of states, statuses, ways taken
server       the page, over any Step Functions endpoint that boto3 reaches
beside       what the project tells of a state: source_lines, log_lines, typed, input_schema
tree         definitions and executions for the terminal; standalone: as pages of one file
"""
