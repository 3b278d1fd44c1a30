"""All that kernel and judge exchange: evidence one way, the challenge that it must answer the other."""
