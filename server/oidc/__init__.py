"""Single sign-on: people and programs for whom an issuer of OpenID Connect vouches."""
