from typing import Final

from schema.descriptions.shared_texts import ID, Descriptions, up_to

_PROBLEMS: Final = {"problems": "Why the mutation was refused; empty on success."}
_NAME: Final = "1 to 100 letters, digits and `. _ @ + -`."
_NAMESPACES: Final = "Each includes all namespaces below, as `acme.*`; `*` means all namespaces."

ACCESS: Final[Descriptions] = {
    "Principal": (
        "A person or a service. Tokens belong to principals, and roles are granted to them.",
        {
            "id": ID,
            "kind": "Whether it is a person or a service.",
            "name": "The unique name.",
            "owner": "The person responsible for a service; the votes of both count as one.",
            "email": "The email address from the identity provider.",
            "groups": "The groups of the person or service.",
            **up_to("grants", 1_000),
            "grants": "The roles granted to it or to its groups, in the namespaces that the viewer manages.",
            "createdAt": "When it was created.",
            "createdBy": "Who created it.",
            "disabledAt": "When sign-in was disabled; null while it is enabled.",
        },
    ),
    "PrincipalKind": (
        "The kinds of principals.",
        {"PERSON": "A person.", "SERVICE": "A program."},
    ),
    "Role": (
        "A named set of permissions.",
        {
            "name": "Its name.",
            "permissions": "The permissions that the role gives.",
            "builtIn": "Whether the role is part of Headway and cannot be changed.",
        },
    ),
    "RoleGrant": (
        "A role granted to somebody in some namespaces.",
        {
            "role": "The name of the role.",
            "namespace": "The namespace, including all below, as `acme.*`; `*` means all namespaces.",
            "group": "The group that holds the role; null if it is granted directly to the person or service.",
            "createdAt": "When it was granted.",
            "createdBy": "Who granted it.",
        },
    ),
    "HeldRole": (
        "A role of the viewer, limited to what their token or session allows.",
        {
            "role": "The name of the role.",
            "permissions": "The permissions that it gives.",
            "namespaces": _NAMESPACES,
        },
    ),
    "Token": (
        "A credential of a program or person. The secret itself is not stored.",
        {
            "id": ID,
            "name": "The name, unique among valid tokens.",
            "holder": "The person or service that the token belongs to.",
            "holderDisabledAt": "When the holder was disabled, which makes the token invalid; null while the holder "
            "is enabled.",
            "permissions": "The permissions that the token is limited to; null for all permissions of its holder.",
            "namespaces": "The namespaces that the token is limited to; null for all namespaces of its holder.",
            "createdAt": "When it was created.",
            "createdBy": "Who created it.",
            "expiresAt": "When it expires.",
            "revokedAt": "When it was revoked.",
        },
    ),
    "CreateTokenInput": (
        "A new token.",
        {
            "name": _NAME,
            "principal": "The holder: `user:maria`, or `service:ci`, which is created if it does not exist. The "
            "viewer by default.",
            "role": "A role to grant to the holder as well, in the namespaces; needs MANAGE there.",
            "permissions": "The permissions to limit the token to, by their names here or in the reference systems.",
            "namespaces": "The namespaces to limit the token to. " + _NAMESPACES,
            "expiresAt": "When the token expires.",
            "replace": "Revoke a valid token of the same name; without this, a taken name is refused.",
            "reason": "The reason; stored in the audit log.",
        },
    ),
    "CreateTokenPayload": (
        "The created token.",
        {
            **_PROBLEMS,
            "token": "The token.",
            "secret": "The secret to authenticate with; it is shown only once.",
            **up_to("roles", 1_000),
            "roles": "The roles of the holder, limited to what the token allows; without any, the token allows "
            "nothing.",
        },
    ),
    "RevokeTokenInput": (
        "The token to revoke, by its id or name.",
        {"id": "Its id.", "name": "Its name.", "reason": "The reason; stored in the audit log."},
    ),
    "RevokeTokenPayload": ("The revoked token.", {**_PROBLEMS, "token": "The token."}),
    "GrantRoleInput": (
        "A role to grant.",
        {
            "to": "`user:maria`, `service:ci` or `group:ops`. A person need not have signed in yet.",
            "role": "The name of a role.",
            "namespace": "The namespace, including all below, as `acme.*`; `*`, the default, means all namespaces.",
            "reason": "The reason; stored in the audit log.",
        },
    ),
    "GrantRolePayload": ("The granted role.", {**_PROBLEMS, "grant": "The grant."}),
    "RevokeRoleInput": (
        "A role to revoke.",
        {
            "to": "`user:maria`, `service:ci` or `group:ops`.",
            "role": "The name of the role.",
            "namespace": "The namespace of the grant; `*` by default.",
            "reason": "The reason; stored in the audit log.",
        },
    ),
    "RevokeRolePayload": (
        "The revoked grant.",
        {**_PROBLEMS, "grant": "The grant that was removed."},
    ),
    "SaveRoleInput": (
        "A custom role.",
        {
            "name": _NAME,
            "permissions": "The permissions of the role, by their names here or in the reference systems.",
            "reason": "The reason; stored in the audit log.",
        },
    ),
    "SaveRolePayload": ("The saved role.", {**_PROBLEMS, "role": "The role."}),
    "DeleteRoleInput": (
        "A custom role to delete; nobody may hold it.",
        {"name": "Its name.", "reason": "The reason; stored in the audit log."},
    ),
    "DeleteRolePayload": ("The deleted role.", {**_PROBLEMS, "role": "The role."}),
    "SavePrincipalInput": (
        "A person or service to create or change.",
        {
            "kind": "Whether it is a person or a service.",
            "name": _NAME,
            "owner": "The person responsible for a service, as `user:maria`; the viewer by default for a new service.",
            "groups": "The complete list of its groups; it replaces the current one.",
            "disabled": "Whether to disable sign-in; tokens and sessions are invalid while it is disabled.",
            "reason": "The reason; stored in the audit log.",
        },
    ),
    "SavePrincipalPayload": (
        "The saved person or service.",
        {**_PROBLEMS, "principal": "The person or service."},
    ),
    "CreateLoginLinkInput": (
        "A login link for the holder of the viewer's token.",
        {"reason": "The reason."},
    ),
    "CreateLoginLinkPayload": (
        "A link that signs in one browser.",
        {
            **_PROBLEMS,
            "path": "The path of the link on this server.",
            "expiresAt": "When the link expires if it is not used.",
        },
    ),
}
