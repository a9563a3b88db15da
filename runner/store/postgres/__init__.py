"""Connections, pools, migrations, roles and other things that concern the whole database."""
