"""What the pipeline costs: counted from the code's own plan, priced by the project's list.

facts      what the project's own functions say of a file: plan, sizes of items, numbers of the gateways
calls      which calls of AWS the functions make for a file, and for a batch of messages
rounds     the invocations that cut a file into chunks
timing     how long functions take, and what a call of AWS waits for
work      what is charged: transitions, invocations and their time, write units, requests, logs
backfills  what objects are charged that are there already
bill       the amounts, the floor (the items' writes alone), the distance from it
"""
