"""The transports of GraphQL (HTTP, SSE and WebSocket) over one executor and one document cache."""
