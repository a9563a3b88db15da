"""Downloads of executions: tables, records, logs and reports."""

from server.exports.routes import export_routes

__all__ = ["export_routes"]
