"""Downloads of executions: tables, records, logs and reports."""

from server.exports.downloads import DownloadSlots
from server.exports.routes import export_routes

__all__ = ["DownloadSlots", "export_routes"]
