"""Every stored actor can be read."""

from hypothesis import given
from hypothesis import strategies as st

from runner.store.access import group_roles
from schema.enums import ActorKind
from schema.types.actors import Actor


@given(st.sampled_from(ActorKind), st.text(min_size=1))
def test_an_actor_is_its_kind_and_its_name(kind: ActorKind, name: str) -> None:
    assert Actor.of(f"{kind.value}:{name}") == Actor(kind=kind, name=name)


def test_the_setting_that_grants_roles_is_an_actor() -> None:
    assert Actor.of(group_roles._ORIGIN.actor) == Actor(kind=ActorKind.SETTING, name="oidc_roles")


@given(st.text())
def test_a_kind_that_is_not_known_makes_nothing_unreadable(text: str) -> None:
    assert Actor.of(text).name in (text, text.partition(":")[2], text.partition(":")[0])
