"""The names of Azure's built-in roles that people give to applications, operators and pipelines, and what may be a
slip of the pen in one.

Not all that Azure has: an unknown name is the tenant's own, or newer than this list, and is looked for in the run.
https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

_ALIKE = 0.75  # of a word that is misspelt; Reader and Writer are 0.5 alike

BUILT_IN: Final = frozenset(
    """
    Contributor
    Owner
    Reader
    Role Based Access Control Administrator
    User Access Administrator
    Virtual Machine Administrator Login
    Virtual Machine Contributor
    Virtual Machine User Login
    CDN Endpoint Contributor
    CDN Endpoint Reader
    CDN Profile Contributor
    CDN Profile Reader
    DNS Zone Contributor
    Network Contributor
    Private DNS Zone Contributor
    Traffic Manager Contributor
    Backup Contributor
    Backup Operator
    Backup Reader
    Reader and Data Access
    Storage Account Backup Contributor
    Storage Account Contributor
    Storage Account Key Operator Service Role
    Storage Blob Data Contributor
    Storage Blob Data Owner
    Storage Blob Data Reader
    Storage Blob Delegator
    Storage File Data Privileged Contributor
    Storage File Data Privileged Reader
    Storage File Data SMB Share Contributor
    Storage File Data SMB Share Elevated Contributor
    Storage File Data SMB Share Reader
    Storage Queue Data Contributor
    Storage Queue Data Message Processor
    Storage Queue Data Message Sender
    Storage Queue Data Reader
    Storage Table Data Contributor
    Storage Table Data Reader
    SignalR App Server
    SignalR REST API Owner
    SignalR REST API Reader
    SignalR Service Owner
    SignalR/Web PubSub Contributor
    Web Plan Contributor
    Web PubSub Service Owner
    Web PubSub Service Reader
    Website Contributor
    AcrDelete
    AcrImageSigner
    AcrPull
    AcrPush
    AcrQuarantineReader
    AcrQuarantineWriter
    Azure Kubernetes Service Cluster Admin Role
    Azure Kubernetes Service Cluster User Role
    Azure Kubernetes Service Contributor Role
    Azure Kubernetes Service RBAC Admin
    Azure Kubernetes Service RBAC Cluster Admin
    Azure Kubernetes Service RBAC Reader
    Azure Kubernetes Service RBAC Writer
    Container Apps Contributor
    Container Apps Jobs Contributor
    Container Apps Jobs Operator
    Container Apps Operator
    Container Registry Repository Catalog Lister
    Container Registry Repository Contributor
    Container Registry Repository Reader
    Container Registry Repository Writer
    Container Registry Tasks Contributor
    Cosmos DB Account Reader Role
    Cosmos DB Operator
    DocumentDB Account Contributor
    Redis Cache Contributor
    SQL DB Contributor
    SQL Managed Instance Contributor
    SQL Security Manager
    SQL Server Contributor
    Azure Event Hubs Data Owner
    Azure Event Hubs Data Receiver
    Azure Event Hubs Data Sender
    Data Factory Contributor
    Schema Registry Contributor
    Schema Registry Reader
    Azure AI Administrator
    Azure AI Developer
    AzureML Data Scientist
    Cognitive Services Contributor
    Cognitive Services Data Reader
    Cognitive Services OpenAI Contributor
    Cognitive Services OpenAI User
    Cognitive Services Speech Contributor
    Cognitive Services Speech User
    Cognitive Services Usages Reader
    Cognitive Services User
    Search Index Data Contributor
    Search Index Data Reader
    Search Service Contributor
    Azure Digital Twins Data Owner
    Azure Digital Twins Data Reader
    IoT Hub Data Contributor
    IoT Hub Data Reader
    API Management Service Contributor
    API Management Service Operator Role
    API Management Service Reader Role
    App Configuration Contributor
    App Configuration Data Owner
    App Configuration Data Reader
    App Configuration Reader
    Azure Relay Listener
    Azure Relay Owner
    Azure Relay Sender
    Azure Service Bus Data Owner
    Azure Service Bus Data Receiver
    Azure Service Bus Data Sender
    Durable Task Data Contributor
    Durable Task Data Reader
    Durable Task Worker
    EventGrid Contributor
    EventGrid Data Sender
    EventGrid EventSubscription Contributor
    EventGrid EventSubscription Reader
    EventGrid TopicSpaces Publisher
    EventGrid TopicSpaces Subscriber
    Logic App Contributor
    Logic App Operator
    Managed Identity Contributor
    Managed Identity Operator
    Key Vault Administrator
    Key Vault Certificate User
    Key Vault Certificates Officer
    Key Vault Contributor
    Key Vault Crypto Officer
    Key Vault Crypto Service Encryption User
    Key Vault Crypto Service Release User
    Key Vault Crypto User
    Key Vault Data Access Administrator
    Key Vault Reader
    Key Vault Secrets Officer
    Key Vault Secrets User
    Locks Contributor
    Microsoft Sentinel Contributor
    Microsoft Sentinel Reader
    Microsoft Sentinel Responder
    Security Admin
    Security Reader
    Load Test Contributor
    Load Test Owner
    Load Test Reader
    Application Insights Component Contributor
    Application Insights Snapshot Debugger
    Azure Managed Grafana Workspace Contributor
    Grafana Admin
    Grafana Editor
    Grafana Viewer
    Log Analytics Contributor
    Log Analytics Data Reader
    Log Analytics Reader
    Monitoring Contributor
    Monitoring Metrics Publisher
    Monitoring Reader
    Workbook Contributor
    Workbook Reader
    """.strip().split("\n    ")
)
_FOLDED: Final = {name.casefold(): name for name in BUILT_IN}


def is_built_in(role: str) -> bool:
    """Whether that is the name of a built-in role, compared as Azure does, without case."""
    return role.casefold() in _FOLDED


def misspelt(role: str) -> str | None:
    """The built-in role that is surely meant: the same letters, or the same words but for slips of the pen in one of
    them; None where it is a role's name, or may be that of one of the tenant's own."""
    if is_built_in(role):
        return None
    letters, words = _letters(role), role.casefold().split()
    for name in sorted(BUILT_IN):
        if _letters(name) == letters:
            return name
        known = name.casefold().split()
        wrong = [(a, b) for a, b in zip(words, known, strict=False) if a != b]
        if len(known) == len(words) and len(wrong) == 1 and _slip(*wrong[0]):
            return name
    return None


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def _slip(word: str, known: str) -> bool:
    """Whether a word is another one misspelt: a number in it is no slip."""
    return word.isalpha() and len(word) > 3 and SequenceMatcher(None, word, known).ratio() >= _ALIKE
