from typing import Final

from schema.descriptions.shared_texts import Descriptions

SECRETS: Final[Descriptions] = {
    "Secret": (
        "A secret of a namespace, available to its flows and those of the namespaces below. Its value is never "
        "returned.",
        {
            "namespace": "The namespace of the secret.",
            "name": "The name, used as `secrets.NAME`.",
            "createdAt": "When the secret was first saved.",
            "updatedAt": "When the value was last saved.",
            "updatedBy": "Who last saved the value.",
        },
    ),
    "SaveSecretInput": (
        "A secret to save.",
        {
            "namespace": "The namespace of the secret. Namespaces below it see the secret too, unless they define "
            "their own.",
            "name": "1 to 100 characters of A-Z a-z 0-9 _, not starting with a digit.",
            "value": "Text of at least 4 characters and at most 16 KiB. It is stored encrypted.",
        },
    ),
    "DeleteSecretInput": (
        "A secret to delete.",
        {"namespace": "The namespace of the secret.", "name": "The name of the secret."},
    ),
    "SaveSecretPayload": (
        "The result of `saveSecret`.",
        {
            "secret": "The secret; null if the mutation was refused.",
            "problems": "Why the mutation was refused; empty on success.",
        },
    ),
    "DeleteSecretPayload": (
        "The result of `deleteSecret`.",
        {
            "secret": "The deleted secret; null if the mutation was refused.",
            "problems": "Why the mutation was refused; empty on success.",
        },
    ),
}
