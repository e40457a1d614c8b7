"""The simulated services beside Resource Manager: Entra, Microsoft Graph, vaults and registries."""
