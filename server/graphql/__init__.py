"""The transports of GraphQL: HTTP, SSE and sockets, over one executor and one cache of documents."""
