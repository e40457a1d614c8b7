"""The wire bodies of Microsoft.Web: apps, slots, their `config/web`, and plans."""

from __future__ import annotations

from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.http_messages import Json, inside

LOCATIONS = {"westeurope": "West Europe", "northeurope": "North Europe"}
# name: tier, family
_TIERS = {"B": ("Basic", "B"), "S": ("Standard", "S"), "P0v3": ("Premium0V3", "Pv3")}


def display_location(location: str) -> str:
    """Microsoft.Web answers with the display name of a region, every other provider with its key."""
    return LOCATIONS.get(location, location)


def sku(name: str) -> Json:
    """The `sku` of a plan for a size such as B2 or P2v3."""
    if name in _TIERS:
        tier, family = _TIERS[name]
    elif name[0] in _TIERS:
        tier, family = _TIERS[name[0]]
    else:
        generation = name.casefold()[2:]
        tier, family = f"Premium{generation.upper()}", f"P{generation}"
    return {"name": name, "tier": tier, "size": name, "family": family, "capacity": 1 if name[0] == "B" else 2}


def plan(arm_id: str, location: str, size: str, subscription: str) -> Json:
    """A Linux plan."""
    name, group = arm_id.rsplit("/", 1)[-1], arm_id.split("/")[4]
    region = display_location(location)
    shape = sku(size)
    return {
        "id": arm_id,
        "name": name,
        "type": "Microsoft.Web/serverfarms",
        "kind": "linux",
        "location": region,
        "tags": {},
        "properties": {
            "serverFarmId": 41873,
            "name": name,
            "workerSize": "D1",
            "workerSizeId": 3,
            "workerTierName": None,
            "numberOfWorkers": shape["capacity"],
            "currentWorkerSize": "D1",
            "currentWorkerSizeId": 3,
            "currentNumberOfWorkers": shape["capacity"],
            "status": "Ready",
            "webSpace": f"{group}-{region.replace(' ', '')}webspace-Linux",
            "subscription": subscription,
            "hostingEnvironmentProfile": None,
            "maximumNumberOfWorkers": 3 if size[0] == "B" else 30,
            "planName": "VirtualDedicatedPlan",
            "computeMode": "Dedicated",
            "siteMode": None,
            "geoRegion": region,
            "perSiteScaling": False,
            "elasticScaleEnabled": False,
            "maximumElasticWorkerCount": 1,
            "numberOfSites": 3,
            "isSpot": False,
            "spotExpirationTime": None,
            "freeOfferExpirationTime": None,
            "tags": {},
            "kind": "linux",
            "resourceGroup": group,
            "reserved": True,
            "isXenon": False,
            "hyperV": False,
            "mdmId": "waws-prod-am2-431_41873",
            "targetWorkerCount": 0,
            "targetWorkerSizeId": 0,
            "provisioningState": "Succeeded",
            "kubeEnvironmentProfile": None,
            "zoneRedundant": False,
            "createdTime": "2025-10-14T09:12:33.1533333",
        },
        "sku": shape,
    }


def site(arm_id: str, location: str, plan_id: str, tier: str, tenant: str) -> Json:
    """A Linux container app, or a slot of one; `siteConfig` and `siteProperties` are laid over it when it is served."""
    parts = arm_id.split("/")
    group, app = parts[4], parts[8]
    slot = parts[10] if len(parts) > 10 else None
    host = f"{app}-{slot}" if slot else app
    region = display_location(location)
    hosts = (f"{host}.azurewebsites.net", f"{host}.scm.azurewebsites.net")
    return {
        "id": arm_id,
        "name": f"{app}/{slot}" if slot else app,
        "type": "Microsoft.Web/sites/slots" if slot else "Microsoft.Web/sites",
        "kind": "app,linux,container",
        "location": region,
        "tags": {},
        "identity": {
            "type": "SystemAssigned",
            "tenantId": tenant,
            "principalId": stable_guid("identity", arm_id.casefold()),
        },
        "properties": {
            "name": f"{app}({slot})" if slot else app,
            "state": "Running",
            "hostNames": [hosts[0]],
            "webSpace": f"{group}-{region.replace(' ', '')}webspace-Linux",
            "repositorySiteName": app,
            "owner": None,
            "usageState": "Normal",
            "enabled": True,
            "adminEnabled": True,
            "enabledHostNames": list(hosts),
            "availabilityState": "Normal",
            "sslCertificates": None,
            "hostNameSslStates": [
                {"name": name, "sslState": "Disabled", "virtualIP": None, "thumbprint": None, "hostType": kind}
                for name, kind in zip(hosts, ("Standard", "Repository"), strict=True)
            ],
            "serverFarm": None,
            "serverFarmId": plan_id,
            "managedEnvironmentId": None,
            "reserved": True,
            "isXenon": False,
            "hyperV": False,
            "lastModifiedTimeUtc": "2025-11-20T06:41:12.33",
            "storageRecoveryDefaultState": "Running",
            "contentAvailabilityState": "Normal",
            "runtimeAvailabilityState": "Normal",
            "dnsConfiguration": {},
            "containerAllocationSubnet": None,
            "outboundVnetRouting": dict.fromkeys(
                ("allTraffic", "applicationTraffic", "contentShareTraffic", "imagePullTraffic"), False
            ),
            "functionAppConfig": None,
            "deploymentId": f"{app}__{slot}" if slot else app,
            "slotName": None,
            "trafficManagerHostNames": None,
            "sku": tier,
            "scmSiteAlsoStopped": False,
            "targetSwapSlot": None,
            "hostingEnvironmentProfile": None,
            "clientAffinityEnabled": False,
            "clientCertEnabled": False,
            "clientCertMode": "Required",
            "clientCertExclusionPaths": None,
            "hostNamesDisabled": False,
            "ipMode": "IPv4",
            "kind": "app,linux,container",
            "inboundIpAddress": "192.0.2.31",
            "outboundIpAddresses": "192.0.2.40,192.0.2.41",
            "containerSize": 0,
            "dailyMemoryTimeQuota": 0,
            "suspendedTill": None,
            "siteDisabledReason": 0,
            "maxNumberOfWorkers": None,
            "homeStamp": "waws-prod-am2-431",
            "tags": {},
            "resourceGroup": group,
            "defaultHostName": hosts[0],
            "slotSwapStatus": None,
            "httpsOnly": True,
            "endToEndEncryptionEnabled": False,
            "redundancyMode": "None",
            "privateEndpointConnections": [],
            "publicNetworkAccess": "Enabled",
            "storageAccountRequired": False,
            "virtualNetworkSubnetId": None,
            "keyVaultReferenceIdentity": "SystemAssigned",
            "defaultHostNameScope": "Global",
            "sshEnabled": None,
        },
    }


_CONFIG_NULLS = (
    "windowsFxVersion azureMonitorLogCategories acrUserManagedIdentityID publishingPassword appSettings metadata "
    "connectionStrings machineKey handlerMappings documentRoot javaVersion javaContainer javaContainerVersion "
    "runtimeADUser runtimeADUserPassword limits autoHealRules tracingOptions publicNetworkAccess cors push "
    "apiDefinition apiManagementConfig autoSwapSlotName managedServiceIdentityId xManagedServiceIdentityId "
    "ipSecurityRestrictionsDefaultAction scmIpSecurityRestrictionsDefaultAction minTlsCipherSuite "
    "functionAppScaleLimit healthCheckPath websiteTimeZone sitePort"
)
_ALLOW_ALL = {
    "ipAddress": "Any",
    "action": "Allow",
    "priority": 2147483647,
    "name": "Allow all",
    "description": "Allow all access",
}


def config_web(site_body: Json, linux_fx_version: str) -> Json:
    """`config/web` of an app or slot. Its `name` is the site's, and a slot's `type` is the app's, as recorded."""
    app = str(site_body["id"]).split("/")[8]
    properties: Json = {
        "numberOfWorkers": 1,
        "defaultDocuments": ["Default.htm", "index.html", "hostingstart.html"],
        "netFrameworkVersion": "v4.0",
        "phpVersion": "",
        "pythonVersion": "",
        "nodeVersion": "",
        "powerShellVersion": "",
        "linuxFxVersion": linux_fx_version,
        "requestTracingEnabled": False,
        "remoteDebuggingEnabled": False,
        "httpLoggingEnabled": True,
        "acrUseManagedIdentityCreds": ".azurecr." in linux_fx_version,
        "logsDirectorySizeLimit": 35,
        "detailedErrorLoggingEnabled": False,
        "publishingUsername": f"${app}",
        "scmType": "None",
        "use32BitWorkerProcess": False,
        "webSocketsEnabled": False,
        "alwaysOn": True,
        "appCommandLine": "",
        "managedPipelineMode": "Integrated",
        "loadBalancing": "LeastRequests",
        "experiments": {"rampUpRules": []},
        "autoHealEnabled": False,
        "vnetName": "",
        "vnetRouteAllEnabled": False,
        "vnetPrivatePortsCount": 0,
        "localMySqlEnabled": False,
        "keyVaultReferenceIdentity": site_body["properties"]["keyVaultReferenceIdentity"],
        "ipSecurityRestrictions": [dict(_ALLOW_ALL)],
        "scmIpSecurityRestrictions": [dict(_ALLOW_ALL)],
        "scmIpSecurityRestrictionsUseMain": False,
        "http20Enabled": True,
        "minTlsVersion": "1.2",
        "scmMinTlsVersion": "1.2",
        "ftpsState": "Disabled",
        "preWarmedInstanceCount": 0,
        "minimumElasticInstanceCount": 0,
        "azureStorageAccounts": {},
        "http20ProxyFlag": 0,
    }
    return {
        "id": f"{site_body['id']}/config/web",
        "name": app,
        "type": "Microsoft.Web/sites/config",
        "location": site_body["location"],
        "properties": properties | dict.fromkeys(_CONFIG_NULLS.split()),
    }


_FILLED_IN_SITE = ("numberOfWorkers", "linuxFxVersion", "acrUseManagedIdentityCreds", "acrUserManagedIdentityID")


def served_site(body: Json, config: Json) -> Json:
    """The site as GET and lists show it: `siteConfig` is mostly null and says what `config/web` says elsewhere."""
    properties = inside(config, "properties")
    partial = dict.fromkeys(properties) | {
        key: properties.get(key) for key in (*_FILLED_IN_SITE, "alwaysOn", "http20Enabled")
    }
    shown = {"name": "LinuxFxVersion", "value": properties.get("linuxFxVersion")}
    site_properties = {"metadata": None, "properties": [shown, {"name": "WindowsFxVersion", "value": None}]}
    return body | {
        "properties": inside(body, "properties")
        | {"siteConfig": partial, "siteProperties": site_properties | {"appSettings": None}}
    }
