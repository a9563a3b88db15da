"""Wires the identity sources: the issuer of single sign-on, and trusted proxies."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from runner.denials import Denials
from runner.isolation.task_users import numbers_of
from runner.isolation.ways import Policy
from runner.store.access import group_roles
from runner.store.postgres.connection import Pool
from server.auth.auth import Door
from server.auth.session_key import SessionKey
from server.auth.single_sign_on import SingleSignOn
from server.auth.trusted_header import ProxySessions, TrustedHeader
from server.http.forwarded import Proxies
from server.http.peers import may_be_task, own_addresses
from server.oidc.bearers import Bearers
from server.oidc.external_sessions import ExternalSessions
from server.oidc.provider import Provider, ProviderSettings
from server.settings.identity_settings import group_role
from server.settings.settings import Settings

logger = logging.getLogger("headway.access")

_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


class WrongSetting(ValueError):
    """Settings that contradict each other or the environment; the message says how to fix them."""


@dataclass(frozen=True, slots=True)
class IdentityParts:
    external_sessions: ExternalSessions
    denials: Denials
    external_url: str | None
    provider: Provider | None
    bearers: Bearers | None
    proxied: ProxySessions | None

    def single_sign_on(self, door: Door, key: SessionKey) -> SingleSignOn | None:
        if self.provider is None:
            return None
        return SingleSignOn(
            self.provider, door, self.external_sessions, key, self.denials, self.external_url
        )


async def identity_parts(settings: Settings, pool: Pool, denials: Denials) -> IdentityParts:
    """Also stores the group roles of the settings. Raises WrongSetting, Unavailable."""
    external_sessions = ExternalSessions(pool)
    try:
        proxied = _proxied(settings, external_sessions, denials)
        wanted = provider_settings(settings)
        await group_roles.apply(pool, map(group_role, settings.oidc_roles))
    except ValueError as error:
        raise WrongSetting(str(error)) from error
    provider = Provider(wanted) if wanted else None
    return IdentityParts(
        external_sessions,
        denials,
        settings.external_url,
        provider,
        Bearers(provider, external_sessions, denials) if provider else None,
        proxied,
    )


def _proxied(
    settings: Settings, external_sessions: ExternalSessions, denials: Denials
) -> ProxySessions | None:
    if settings.trusted_user_header is None:
        if settings.trusted_groups_header is not None:
            raise ValueError("trusted_groups_header is set, but it needs trusted_user_header")
        return None
    if not settings.trusted_proxies:
        raise ValueError(
            "trusted_user_header is set: list the proxies that may send it in trusted_proxies"
        )
    tasks_are_apart = settings.task_isolation is not Policy.OFF
    header = TrustedHeader(
        settings.trusted_user_header,
        settings.trusted_groups_header,
        Proxies.of(settings.trusted_proxies),
        may_be_task(numbers_of(settings.task_user_range)) if tasks_are_apart else None,
    )
    is_here = any(map(header.proxies.overlap, (*_LOOPBACK, *own_addresses())))
    if is_here and not (tasks_are_apart or settings.no_worker):
        logger.warning(
            "task_isolation is off and trusted_proxies includes this machine, where tasks run: any task can sign in as "
            "anybody with %s; run the proxy or the workers on another machine (no_worker)",
            header.user,
        )
    return ProxySessions(header, external_sessions, denials)


def provider_settings(settings: Settings) -> ProviderSettings | None:
    """Returns None without single sign-on. Raises ValueError if it is only partly configured."""
    if not settings.oidc_issuer or not settings.oidc_client_id:
        for name in ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_roles"):
            if getattr(settings, name):
                raise ValueError(
                    f"{name} is set, but single sign-on needs oidc_issuer and oidc_client_id"
                )
        return None
    return ProviderSettings(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        settings.oidc_audience or settings.oidc_client_id,
        tuple(dict.fromkeys(("openid", *settings.oidc_scopes))),
        settings.oidc_name_claim,
        settings.oidc_groups_claim,
        settings.oidc_name,
        timedelta(seconds=settings.oidc_session_time),
        int(settings.oidc_clock_skew),
    )
