"""The pages of the rubric builder. They stand here because they read published results and look for marks."""
