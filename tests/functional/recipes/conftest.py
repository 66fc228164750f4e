"""The examples are files of the recipes, for the copy that a test makes; here they are no tests."""

collect_ignore = ["examples"]
