"""The rate limits of the settings."""

from typing import Final

from server.http.rates import Allowed, Rate
from server.settings.settings import Settings

_SHORT: Final = 10
_LONG: Final = 60
"""Seconds of a window: short ones where bursts are usual."""


def allowed_by(settings: Settings) -> dict[Rate, Allowed]:
    return {
        Rate.OPERATIONS: Allowed(settings.operations_per_second * _SHORT, _SHORT),
        Rate.MUTATIONS: Allowed(settings.mutations_per_second * _SHORT, _SHORT),
        Rate.SUBSCRIPTIONS: Allowed(settings.subscriptions_per_minute, _LONG),
        Rate.UPLOADS: Allowed(settings.uploads_per_minute, _LONG),
        Rate.EXPORTS: Allowed(settings.exports_per_minute, _LONG),
        Rate.FAILED_LOGINS: Allowed(settings.failed_logins_per_minute, _LONG),
    }
