from typing import Final

from schema.descriptions.words import ID, Words, up_to

_PROBLEMS: Final = {"problems": "Why it was refused; empty when it was done."}
_NAME: Final = "1 to 100 letters, digits and `. _ @ + -`."
_NAMESPACES: Final = "Each with all below it, as `acme.*`; `*` is every one."

ACCESS: Final[Words] = {
    "Principal": (
        "A person or a service: whoever tokens are of and roles are granted to.",
        {
            "id": ID,
            "kind": "Whether it is a person or a service.",
            "name": "Its name, which no other person or service has.",
            "owner": "The person who answers for a service: their votes count as one.",
            "email": "The address that an identity provider told.",
            "groups": "The groups that it is a member of.",
            **up_to("grants", 1_000),
            "grants": "The roles that are granted to it or to its groups, in the namespaces that the viewer manages.",
            "createdAt": "When it was made.",
            "createdBy": "By whom.",
            "disabledAt": "Since when it may not come in; null while it may.",
        },
    ),
    "PrincipalKind": (
        "The kinds of those who tokens are of.",
        {"PERSON": "Somebody.", "SERVICE": "A program."},
    ),
    "Role": (
        "Permissions under a name.",
        {
            "name": "Its name.",
            "permissions": "What who holds it may do.",
            "builtIn": "Whether it comes with Headway, and cannot be changed.",
        },
    ),
    "RoleGrant": (
        "A role that somebody holds in some namespaces.",
        {
            "role": "The name of the role.",
            "namespace": "The namespace with all below it, as `acme.*`; `*` is every one.",
            "group": "The group that it is granted to; null when it is granted to the person or service itself.",
            "createdAt": "When it was granted.",
            "createdBy": "By whom.",
        },
    ),
    "HeldRole": (
        "A role of the viewer, as far as their token or session reaches.",
        {
            "role": "The name of the role.",
            "permissions": "What it allows.",
            "namespaces": _NAMESPACES,
        },
    ),
    "Token": (
        "A secret by which a program or person comes in. The secret itself is kept nowhere.",
        {
            "id": ID,
            "name": "Its name, unique among the valid ones.",
            "holder": "Whose it is.",
            "holderDisabledAt": "Since when its holder may not come in, and it is worth nothing; null while they may.",
            "permissions": "The only permissions that it is worth; null for all that its holder has.",
            "namespaces": "The only namespaces that it is worth something in; null for all of its holder's.",
            "createdAt": "When it was made.",
            "createdBy": "By whom.",
            "expiresAt": "When it ends by itself.",
            "revokedAt": "When it was revoked.",
        },
    ),
    "CreateTokenInput": (
        "A new token.",
        {
            "name": _NAME,
            "principal": "Whose it is: `user:maria`, or `service:ci`, which is made when there is none. The viewer's "
            "own by default.",
            "role": "A role that is granted to the holder as well, in the namespaces; needs MANAGE there.",
            "permissions": "The only permissions that it is worth, by their names here or in the reference systems.",
            "namespaces": "The only namespaces that it is worth something in. " + _NAMESPACES,
            "expiresAt": "When it ends by itself.",
            "replace": "Revoke the valid token of that name; else one is refused.",
            "reason": "Why; kept in the audit log.",
        },
    ),
    "CreateTokenPayload": (
        "The token that was made.",
        {
            **_PROBLEMS,
            "token": "The token.",
            "secret": "What to come with; it is shown this once.",
            **up_to("roles", 1_000),
            "roles": "The roles of its holder as far as the token reaches; without any it may do nothing.",
        },
    ),
    "RevokeTokenInput": (
        "The token to end, by its id or name.",
        {"id": "Its id.", "name": "Its name.", "reason": "Why; kept in the audit log."},
    ),
    "RevokeTokenPayload": ("The token that was ended.", {**_PROBLEMS, "token": "The token."}),
    "GrantRoleInput": (
        "A role for somebody.",
        {
            "to": "`user:maria`, `service:ci` or `group:ops`. A person need not have come in yet.",
            "role": "The name of a role.",
            "namespace": "The namespace with all below it, as `acme.*`; `*`, which is the default, is every one.",
            "reason": "Why; kept in the audit log.",
        },
    ),
    "GrantRolePayload": ("The role that is held.", {**_PROBLEMS, "grant": "The grant."}),
    "RevokeRoleInput": (
        "A role to take from somebody.",
        {
            "to": "`user:maria`, `service:ci` or `group:ops`.",
            "role": "The name of the role.",
            "namespace": "The namespace that it was granted on; `*` is the default.",
            "reason": "Why; kept in the audit log.",
        },
    ),
    "RevokeRolePayload": (
        "The role that was held.",
        {**_PROBLEMS, "grant": "The grant that there was."},
    ),
    "SaveRoleInput": (
        "A role of one's own.",
        {
            "name": _NAME,
            "permissions": "What who holds it may do; those of the reference systems have their names too.",
            "reason": "Why; kept in the audit log.",
        },
    ),
    "SaveRolePayload": ("The role as it is now.", {**_PROBLEMS, "role": "The role."}),
    "DeleteRoleInput": (
        "A role to delete, which nobody holds.",
        {"name": "Its name.", "reason": "Why; kept in the audit log."},
    ),
    "DeleteRolePayload": ("The role that there was.", {**_PROBLEMS, "role": "The role."}),
    "SavePrincipalInput": (
        "A person or service to make or to change.",
        {
            "kind": "Whether it is a person or a service.",
            "name": _NAME,
            "owner": "The person who answers for a service, as `user:maria`; a new one's is the viewer.",
            "groups": "All groups that it is a member of from now on.",
            "disabled": "Whether it may not come in: its tokens and sessions are worth nothing while it is.",
            "reason": "Why; kept in the audit log.",
        },
    ),
    "SavePrincipalPayload": (
        "The person or service as it is now.",
        {**_PROBLEMS, "principal": "The person or service."},
    ),
    "CreateLoginLinkInput": (
        "A link for whom the viewer's token is of.",
        {"reason": "Why."},
    ),
    "CreateLoginLinkPayload": (
        "A link that signs one browser in.",
        {
            **_PROBLEMS,
            "path": "The path of the link on this server.",
            "expiresAt": "When it ends, if nobody has used it.",
        },
    ),
}
