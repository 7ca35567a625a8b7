"""What users test their own strategy with: a pytest plugin with a desk, a FIX client and a venue."""
