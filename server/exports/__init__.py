"""Downloads of executions: tables, records, logs and reports."""

from server.exports.downloads import Turns
from server.exports.routes import export_routes

__all__ = ["Turns", "export_routes"]
