"""Where the boxes, labels and edges of a definition stand: a layered layout of our own.

Transitions never cross the border of a Map or Parallel, so each region is laid out on its own and its
container is one box in the region around it. Inside a region:

    ranks      which row a state stands in (longest path, then pulled together)
    mesh       rows of boxes, labels and lanes; labels have rows of their own, so none lies on anything
    ordering   who stands left of whom in a row (few crossings)
    columns    x: lanes and the spine are straight, the rest near what it is joined to
    tracks     y, ports and the horizontal tracks of edges between two rows
    regions    the same for containers inside containers, and the whole picture
"""
