"""What a policy expects of resources of any type: JMESPath expressions, conditions, and the bodies asked about."""
