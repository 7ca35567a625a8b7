"""The decision core: State, decide, and the verbs put together. (state, event) -> Decision."""
