"""Single sign-on: verifies people and programs by an OpenID Connect issuer."""
