"""What users test their own strategy with: a pytest plugin; a desk, a FIX client, a venue.

See README.md beside this file. Nothing is imported here: the plugin is loaded by every pytest run
of an environment that has otcfix installed.
"""
