"""What users test their own strategy with: a pytest plugin; a desk, a FIX client, a venue."""
