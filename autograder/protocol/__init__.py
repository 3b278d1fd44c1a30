"""All that kernel and judge exchange.

The kernel sends `evidence.Evidence` as text: `encode` writes it, `decode` reads it as hostile input. It
answers a `challenge`, which both sides derive from the id of the request to run the test cell.
"""
