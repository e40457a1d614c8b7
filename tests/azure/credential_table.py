"""Settings as people have them: which hold a credential, and which only look as if they did.

Every credential is made up when the table is read: text drawn by a fixed seed, put between the marks that its issuer
documents, so that the file holds nothing that a scanner could take for a real one.
"""

from __future__ import annotations

import base64
import json
import random
import string
from typing import Final

_UPPER, _LOWER, _HEX = string.ascii_uppercase, string.ascii_lowercase, "0123456789abcdef"
_WORD: Final = string.ascii_letters + string.digits
_ORG: Final = "https://learn.microsoft.com/azure/"


def drawn(label: str, length: int, alphabet: str = _WORD) -> str:
    """Text that looks generated, the same on every day."""
    draw = random.Random(label)
    return "".join(draw.choice(alphabet) for _ in range(length))


def key64(label: str, mark: str = "") -> str:
    """A key of 64 bytes in base64, with a service's mark in its place."""
    return f"{drawn(label, 76)}{mark}{drawn(label + '.', 5)}A==" if mark else f"{drawn(label, 86)}=="


def key32(label: str, mark: str = "") -> str:
    """The same of 32 bytes."""
    return f"{drawn(label, 33)}{mark}B{drawn(label + '.', 5)}=" if mark else f"{drawn(label, 43)}="


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _pem(label: str) -> str:
    return f"-----BEGIN {label}-----\n{drawn(label, 64)}\n-----END {label}-----\n"


_HEAD, _CLAIMS = (
    base64.urlsafe_b64encode(each.encode()).decode().rstrip("=") for each in ('{"alg":"HS256"}', '{"sub":"app"}')
)
_SIG = f"{drawn('sig', 43)}%3D"
_CASK = f"{drawn('cask', 52)}JQQJ99BAC{drawn('cask.', 12)}AAAAACOGx{drawn('cask..', 3)}"
_COMMIT = drawn("commit", 40, _HEX)
_GUID = "0f3c7c9e-7a51-4f0e-9d0a-1c2b3d4e5f60"
_ARM = f"/subscriptions/{_GUID}/resourceGroups/rg-monozu-prd/providers/Microsoft.Storage/storageAccounts"
_HOST = "stmonozuprd7x3m2q9vwz4a.blob.core.windows.net"
_KEY = key64("storage")

TRUE: Final[dict[str, tuple[str, str]]] = {
    # on command lines and in markup
    "mysql client": ("INIT", f"mysql -h db -u root -p{drawn('mysql', 12)} app"),
    "redis server": ("INIT", f"redis-server --requirepass {drawn('redis', 12)}"),
    "redis client": ("INIT", f"redis-cli -h cache -a {drawn('cli', 12)} ping"),
    "sshpass": ("INIT", f"sshpass -p {drawn('ssh', 12)} ssh host"),
    "sqlplus": ("INIT", f"sqlplus scott/{drawn('oracle', 12)}@orcl"),
    "element": ("CONFIG", f"<login><password>{drawn('xml', 12)}</password></login>"),
    "basic": ("HEADER", f"Basic {_b64('user:' + drawn('basic', 12))}"),
    # connection strings that Azure's services hand out
    "storage": (
        "FILES",
        f"DefaultEndpointsProtocol=https;AccountName=stx;AccountKey={_KEY};EndpointSuffix=core.windows.net",
    ),
    "storage, host of functions": (
        "AzureWebJobsStorage",
        f"DefaultEndpointsProtocol=https;AccountName=stx;AccountKey={_KEY}",
    ),
    "storage, signature": (
        "FILES",
        f"BlobEndpoint=https://stx.blob.core.windows.net/;SharedAccessSignature=sv=2024-11-04&sig={_SIG}",
    ),
    "service bus": (
        "BUS",
        f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={key32('sb', '+ASb')}",
    ),
    "event hubs": (
        "HUB",
        f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey={key32('eh', '+AEh')};SharedAccessKeyName=S",
    ),
    "relay": (
        "RELAY",
        f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Listen;SharedAccessKey={key32('re', '+ARm')}",
    ),
    "notification hubs": (
        "PUSH",
        f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Full;SharedAccessKey={key32('nh')}",
    ),
    "signalr": ("Azure__SignalR", f"Endpoint=https://x.service.signalr.net;AccessKey={key32('sr')};Version=1.0;"),
    "web pubsub": ("PUBSUB", f"Endpoint=https://x.webpubsub.azure.com;AccessKey={key32('wp')};Version=1.0;"),
    "app configuration": (
        "CONFIG",
        f"Endpoint=https://x.azconfig.io;Id=ab-l0-s0:{drawn('id', 20)};Secret={key32('ac')}",
    ),
    "communication services": ("MAIL", f"endpoint=https://x.communication.azure.com/;accesskey={key64('cs')}"),
    "iot hub": (
        "IOT",
        f"HostName=x.azure-devices.net;SharedAccessKeyName=service;SharedAccessKey={key32('io', 'AIoT')}",
    ),
    "iot device": ("DEVICE", f"HostName=x.azure-devices.net;DeviceId=d1;SharedAccessKey={key32('dv')}"),
    "cosmos": ("COSMOS", f"AccountEndpoint=https://x.documents.azure.com:443/;AccountKey={key64('co', 'ACDb')};"),
    "cosmos, mongodb": ("MONGO", f"mongodb://x:{key64('mo', 'ACDb')}@x.mongo.cosmos.azure.com:10255/?ssl=true"),
    "redis": ("CACHE", f"x.redis.cache.windows.net:6380,password={key32('rd', 'AzCa')},ssl=True,abortConnect=False"),
    "redis, enterprise": (
        "CACHE",
        f"x.westeurope.redisenterprise.cache.azure.net:10000,password={key32('re')},ssl=True",
    ),
    "redis, url": ("REDIS", f"rediss://:{key32('ru')}@x.redis.cache.windows.net:6380/0"),
    "sql": (
        "MAIN",
        "Server=tcp:x.database.windows.net,1433;Initial Catalog=d;User ID=app;Password=correct-horse;Encrypt=True;",
    ),
    "postgresql, libpq": (
        "MAIN",
        "host=x.postgres.database.azure.com port=5432 dbname=d user=app password=correct-horse",
    ),
    "mysql of go": ("MAIN", "app:correct-horse@tcp(x.mysql.database.azure.com:3306)/d?tls=true"),
    "oracle, thin": ("MAIN", "jdbc:oracle:thin:app/correct-horse@//db.monozu.example:1521/main"),
    "odbc in a url": (
        "MAIN",
        "mssql+pyodbc:///?odbc_connect=Driver%3D%7BODBC%7D%3BServer%3Dx%3BUID%3Dapp%3BPWD%3Dcorrect-horse%3B",
    ),
    "dataverse": (
        "CRM",
        f"AuthType=ClientSecret;Url=https://x.crm4.dynamics.com;ClientId={_GUID};ClientSecret={drawn('dv', 40)}",
    ),
    "data explorer": (
        "KUSTO",
        f"Data Source=https://x.kusto.windows.net;Application Client Id={_GUID};Application Key={drawn('kx', 40)}",
    ),
    "service principal of the token provider": (
        "RUN_AS",
        f"RunAs=App;AppId={_GUID};TenantId={_GUID};AppKey={drawn('ra', 40)}",
    ),
    "mail server": ("SMTP", "host=mail.monozu.example;user=app;password=correct-horse"),
    "queue": ("RABBIT", "host=mq.monozu.example;virtualHost=/;username=app;password=correct-horse"),
    # keys alone
    "key of storage": ("STORE_1", key64("k1", "+ASt")),
    "key of batch": ("BATCH_1", key64("k2", "+ABa")),
    "key of api management": ("GATEWAY_1", key64("k3", "APIM")),
    "key of machine learning": ("MODEL_1", key64("k4", "+AMC")),
    "key of event grid": ("TOPIC_1", key32("k5", "AZEG")),
    "key of ai search": ("FIND_1", f"{drawn('k6', 42)}AzSeB{drawn('k6.', 5)}"),
    "key of the container registry": ("REGISTRY_1", f"{drawn('k7', 42)}+ACRB{drawn('k7.', 5)}"),
    "key of a function": ("FN", f"https://x.azurewebsites.net/api/f?code={drawn('k8', 44)}AzFu{drawn('k8.', 5)}A=="),
    "key of openai or another ai service": ("BRAIN", _CASK),
    "key of an ai service, as they were": ("COGNITIVE", drawn("k9", 32, _HEX)),
    "secret of an entra application": ("APP_1", f"{drawn('e', 3)}8Q~{drawn('e.', 34)}"),
    "signature": ("BLOB_URL", f"https://stx.blob.core.windows.net/c?sv=2024-11-04&sp=r&sig={_SIG}"),
    "signature of a logic app": (
        "HOOK_URL",
        f"https://prod-1.westeurope.logic.azure.com/workflows/w/triggers/m/paths/invoke?sp=x&sig={drawn('la', 43)}",
    ),
    "signature of a queue": (
        "SEND",
        f"SharedAccessSignature sr=x.servicebus.windows.net&sig={_SIG}&se=1700000000&skn=Root",
    ),
    # tokens with the mark of their issuer
    "github": ("BOT", f"ghp_{drawn('gh', 36)}"),
    "github, fine-grained": ("BOT", f"github_pat_{drawn('gf', 22)}_{drawn('gf.', 59)}"),
    "gitlab": ("BOT", f"glpat-{drawn('gl', 20)}"),
    "slack": ("BOT", f"xoxb-{drawn('s1', 12, string.digits)}-{drawn('s2', 12, string.digits)}-{drawn('s3', 24)}"),
    "slack, web hook": (
        "NOTIFY_URL",
        f"https://hooks.slack.com/services/T{drawn('sw', 10, _UPPER)}/B{drawn('sx', 10, _UPPER)}/{drawn('sy', 24)}",
    ),
    "stripe": ("PAY", f"sk_live_{drawn('st', 24)}"),
    "sendgrid": ("MAILER", f"SG.{drawn('sg', 22)}.{drawn('sh', 43)}"),
    "aws": ("S3", f"AKIA{drawn('aw', 16, _UPPER + '234567')}"),
    "google": ("MAPS", f"AIza{drawn('gm', 35)}"),
    "google, service account": (
        "GCP",
        json.dumps({"type": "service_account", "private_key": _pem("PRIVATE KEY"), "client_email": "a@x"}),
    ),
    "npm": ("REGISTRY", f"npm_{drawn('np', 36)}"),
    "pypi": ("REGISTRY", f"pypi-AgEIcHlwaS5vcmc{drawn('py', 80)}"),
    "openai": ("LLM", f"sk-proj-{drawn('o1', 74)}T3BlbkFJ{drawn('o2', 74)}"),
    "anthropic": ("LLM", f"sk-ant-api03-{drawn('an', 93)}AA"),
    "twilio": ("SMS", f"SK{drawn('tw', 32, _HEX)}"),
    "databricks": ("LAKE", f"dapi{drawn('db', 32, _HEX)}"),
    "hugging face": ("LLM", f"hf_{drawn('hf', 34, string.ascii_letters)}"),
    # forms that are nobody's own
    "json web token": ("SESSION", f"{_HEAD}.{_CLAIMS}.{drawn('jw', 43)}"),
    "private key": ("TLS", _pem("RSA PRIVATE KEY")),
    "private key, encoded once more": ("TLS", _b64(_pem("EC PRIVATE KEY"))),
    "private key without its frame": ("TLS", f"MII{drawn('p8', 5)}ADANBgkqhkiG9w0B{drawn('p9', 200)}"),
    "certificate with its key": ("PFX", f"MIIKAgIBAzCC{drawn('pf', 300)}"),
    "user and password in a url": ("QUEUE_URL", "amqps://app:correct-horse@mq.monozu.example/"),
    "password with a slash": ("QUEUE_URL", "amqps://app:correct/horse@mq.monozu.example/"),
    "password with an escape": ("QUEUE_URL", "amqps://app:correct%2Fhorse%40@mq.monozu.example:5671/"),
    "password in json": ("SETTINGS", '{"smtp": {"user": "app", "password": "correct-horse"}}'),
    "password in json in json": ("SETTINGS", json.dumps({"smtp": json.dumps({"password": "correct-horse"})})),
    "password in json in base64": ("SETTINGS", _b64('{"smtp": {"user": "app", "password": "correct-horse"}}')),
    "password in braces": (
        "MAIN",
        "Driver={ODBC Driver 18 for SQL Server};Server=x;Uid=app;Pwd={horse;12};Encrypt=yes",
    ),
    "password in braces of jdbc": ("MAIN", "jdbc:sqlserver://x:1433;database=d;user=app@x;password={horse12}"),
    "gremlin": ("GRAPH", f"hostname=x.gremlin.cosmos.azure.com;authKey={key64('gremlin')}"),
    "event grid in a url": ("EVENTS", f"https://x.eventgrid.azure.net/api/events?aeg-sas-key={key32('eg')}"),
    "key of azure openai": ("AI", f"Endpoint=https://x.openai.azure.com/;Key={drawn('ao', 32, _HEX)}"),
    "key of ai search, in front": ("AI", f"key={drawn('as', 52)};endpoint=https://x.search.windows.net"),
    "key of event grid, with its topic": (
        "GRID",
        f"Endpoint=https://x.westeurope-1.eventgrid.azure.net/api/events; Key={drawn('eg', 43)}=",
    ),
    "a function's key in a url, China": ("JOB", f"https://x.chinacloudsites.cn/api/job?code={drawn('fc', 52)}=="),
    "a password with a slash": ("DB_PASSWORD", "/hunter/2"),
    "the second of a list": ("ApiKeys__1", "hunter2"),
    "a function's key in a url": ("JOB", f"https://x.azurewebsites.net/api/job?mode=a&code={drawn('fk', 52)}=="),
    "key of a data lake": ("SPARK", f"fs.azure.account.key.stx.dfs.core.windows.net={key64('abfs')}"),
    "token of api management": ("GATEWAY", f"SharedAccessSignature app&202601010000&{key64('apim')}"),
    "password of an address in brackets": ("QUEUE_URL", "amqps://app:horse@[2001:db8::1]:5671/"),
    "password, shortened": ("MAIL", '{"auth": {"user": "app", "pass": "correct-horse"}}'),
    "key of an ai service by name": ("OpenAI__Key", "correct-horse"),
    "key of a search service by name": ("AzureAISearch__AdminKey", "correct-horse"),
    "licence key": ("NEW_RELIC_LICENSE_KEY", f"{drawn('nr', 36, _HEX)}NRAL"),
    "header with its scheme": ("UPSTREAM", f"Authorization: Basic {_b64('app:horse')}"),
    "key of laravel": ("APP_KEY", f"base64:{key32('laravel')}"),
    "key of app service's sessions": ("WEBSITE_AUTH_ENCRYPTION_KEY", drawn("wa", 64, _HEX)),
    "password in java's options": ("JAVA_OPTS", "-Xmx1g -Djavax.net.ssl.keyStorePassword=correct-horse"),
    "header": ("OTEL_EXPORTER_OTLP_HEADERS", f"api-key={drawn('hd', 32)}"),
    "password of a command line": ("STARTUP", "dotnet app.dll --db-password correct-horse --verbose"),
    "key of a command line": ("STARTUP", f"agent --api-key '{drawn('opt', 32)}'"),
    "password in yaml": ("SETTINGS", "smtp:\n  user: app\n  password: correct-horse\n"),
    "password in yaml, alone": ("SETTINGS", "password: correct-horse"),
    "header of event grid": ("UPSTREAM_HEADER", f"aeg-sas-key: {key32('aeg')}"),
    "header of api management": ("UPSTREAM_HEADER", f"Ocp-Apim-Subscription-Key: {drawn('ocp', 32, _HEX)}"),
    "header of a function": ("UPSTREAM_HEADER", f"x-functions-key: {drawn('xfk', 54)}=="),
    "login of docker": ("DOCKER_CONFIG_JSON", json.dumps({"auths": {"x.azurecr.io": {"auth": _b64("app:horse")}}})),
    "private json web key": ("SIGNING", json.dumps({"kty": "EC", "crv": "P-256", "x": "a", "d": drawn("jwk", 43)})),
    "symmetric json web key": ("SIGNING", json.dumps({"keys": [{"kty": "oct", "k": drawn("jwo", 43)}]})),
    "netrc": ("NETRC", "machine git.monozu.example login app password correct-horse"),
    "pgpass": ("PGFILE", "db.monozu.example:5432:main:app:correct-horse"),
    "login of curl": ("PROBE", "curl -fsS -u app:correct-horse https://cloud.monozu.example/health"),
    "token in a query": ("FEED_URL", f"https://feed.monozu.example/?access_token={drawn('tq', 32)}"),
    "long random text": ("LEGACY_THING", drawn("long", 64)),
    # names
    "password by name": ("SMTP_PASSWORD", "correct horse battery"),
    "password of digits": ("ADMIN_PASSWORD", "20010911"),
    "password in .net's spelling": ("Smtp__AdminPassword", "correct-horse"),
    "secret by name": ("Jwt__Secret", "correct-horse"),
    "key by name": ("STRIPE_API_KEY", "correct-horse"),
    "key by name, numbered": ("API_KEY_2", "correct-horse"),
    "token by name": ("DEPLOY_TOKEN", "correct-horse"),
    "key by name, in one word": ("SECRETKEY", "correct-horse"),
    "key of tokens by name": ("Jwt__Key", "correct-horse"),
    "password of a client by name": ("PGPASS", "correct-horse"),
    "secret that goes on": ("SECRET_KEY_BASE", "correct-horse"),
    "password beside a reference": (
        "CACHE",
        f"x:6380,password={key32('br')},user=@Microsoft.KeyVault(VaultName=kv-x;SecretName=U)",
    ),
    "password behind a reference that does not end": ("CACHE", "x @Microsoft.KeyVault(y,password=correct-horse"),
    # what no shape and no name tells: known misses
    "pass phrase under a plain name": ("GREETING", "correct horse battery staple"),
    "short key under a plain name": ("SALT", "hunter2hunter2"),
    # what follows `Authorization:`, alone
    "bearer token": ("UPSTREAM", f"Bearer {drawn('bt', 40)}"),
    "bearer token, encoded": ("UPSTREAM", f"Bearer%20{drawn('bt', 40)}"),
    "basic login": ("UPSTREAM", f"Basic {_b64('app:' + drawn('bl', 12))}"),
    # 40 hexadecimal digits under the name of a key
    "key of datadog": ("DD_APP_KEY", drawn("dd", 40, _HEX)),
    "key in 40 digits, second": ("METERED_KEY_2", drawn("mk", 40, _HEX)),
    "key written as one word": ("UPSTREAM_APIKEY", drawn("uk", 40, _HEX)),
    "personal access token by its name": ("GITHUB_PAT", drawn("pat", 20)),
    "key of an sdk": ("LAUNCHDARKLY_SDK_KEY", f"sdk-{_GUID}"),
    "discord, web hook": ("OPS", f"https://discord.com/api/webhooks/{drawn('d', 18, string.digits)}/{drawn('dw', 68)}"),
    "sonarqube": ("SCAN", f"sqp_{drawn('sq', 40, _HEX)}"),
    "age": ("SOPS", f"AGE-SECRET-KEY-1{drawn('age', 58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')}"),
    # under names that also begin like those of a number, an image or a public key
    "key of minio": ("MinIO__SecretKey", "correct-horse"),
    "key of maxmind": ("MaxMind__LicenseKey", "correct-horse"),
    "secret of a web hook": ("HMAC_SHA256_SECRET", "correct-horse"),
    "token of a release": ("RELEASE_TOKEN", "correct-horse"),
    "secret key beside the site's": ("RECAPTCHA_SITE_SECRET_KEY", "correct-horse"),
    "key of a site": ("CallSite__ApiKey", "correct-horse"),
}

FALSE: Final[dict[str, tuple[str, str]]] = {
    "the first of a list of audiences": ("AzureAd__TokenValidationParameters__ValidAudiences__0", f"api://{_GUID}"),
    "the second of a list of issuers": ("Jwt__TokenOptions__ValidIssuers__1", "https://sts.example.org/"),
    "which broker resets passwords": ("AUTH_PASSWORD_BROKER", "users"),
    "the file of a key": ("TLS_PRIVATE_KEY", "/etc/ssl/private/tls.key"),
    "the mount of a secret": ("JWT_SECRET_KEY", "/run/secrets/jwt"),
    "the file of a key on Windows": ("SSH_KEY", r"C:\home\site\id_rsa"),
    "the id of a price": ("STRIPE_PRICE_PRO", f"price_1{drawn('price', 23)}"),
    "a publishable key under a plain name": ("STRIPE_KEY", f"pk_live_{drawn('pk', 99)}"),
    "a key of a project": ("POSTHOG_KEY", f"phc_{drawn('phc', 43)}"),
    "an endpoint, and a key of a cache": ("CACHE", "Endpoint=https://x.example.org;Key=orders"),
    "option without a password": ("INIT", "mysql -h db -u root -P 3306 app"),
    "bypass": ("INIT", "nginx --bypass everything"),
    "compass": ("CONFIG", "compass: north"),
    "basic word": ("HEADER", "Basic Authentication"),
    "empty element": ("CONFIG", "<password>${DB_PASSWORD}</password>"),
    "namespace of a service bus": (
        "ServiceBusConnection__fullyQualifiedNamespace",
        "sb-monozu-prd7x3m2q9vw.servicebus.windows.net",
    ),
    "account of functions": ("AzureWebJobsStorage__accountName", "stmonozuprd7x3m2q9vwz4a"),
    "blob service": ("AzureWebJobsStorage__blobServiceUri", f"https://{_HOST}"),
    "host": ("STORAGE_HOST_1", _HOST),
    "host of a database": ("MAIN_SERVER", "sql-monozu-prd-7x3m2q9vw.database.windows.net"),
    "host and port": ("CACHE", "redis-monozu-prd7x3m2q9.redis.cache.windows.net:6380"),
    "resource id": ("WORKSPACE", f"{_ARM}/stmonozuprd7x3m2q9vwz4a"),
    "resource id of a vault": (
        "VAULT",
        f"/subscriptions/{_GUID}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-x",
    ),
    "path": ("DATA", "/home/site/wwwroot/releases/20260301120000a1b2c3d4/app"),
    "relative path": ("DATA", "./node_modules/.cache/webpack/client-development-en"),
    "windows path": ("DATA", r"D:\home\site\wwwroot\app_data\jobs"),
    "mounted secret": ("DB_PASSWORD_FILE", "/run/secrets/db-password"),
    "commit": ("SENTRY_RELEASE", _COMMIT),
    "commit under a plain name": ("RUNNING", _COMMIT),
    "release with a commit": ("SENTRY_RELEASE", f"cloud-backend@{_COMMIT}"),
    "release with a version and a commit": ("RUNNING", f"cloud-backend-1.4.2-{_COMMIT}"),
    "tag": ("IMAGE_TAG", f"main-{_COMMIT}"),
    "image": ("IMAGE", f"acrmonozu.azurecr.io/cloud-backend:{_COMMIT}"),
    "digest": ("IMAGE", f"acrmonozu.azurecr.io/cloud-backend@sha256:{drawn('dg', 64, _HEX)}"),
    "digest alone": ("CONTENT_DIGEST", f"sha256:{drawn('dg', 64, _HEX)}"),
    "build": ("RELEASE_NAME", "20260301.4-main-a1b2c3d4e5f6"),
    "guid": ("TENANT", _GUID),
    "guid in braces": ("TENANT", f"{{{_GUID}}}"),
    "client id": ("AUTH0_CLIENT_ID", drawn("cid", 32)),
    "client id of google": (
        "GOOGLE_AUDIENCE",
        f"{drawn('gc', 12, string.digits)}-{drawn('gd', 32, _LOWER)}.apps.googleusercontent.com",
    ),
    "application insights": (
        "AZURE_MONITOR",
        f"InstrumentationKey={_GUID};IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/;ApplicationId={_GUID}",
    ),
    "instrumentation key": ("APPINSIGHTS_INSTRUMENTATIONKEY", _GUID),
    # numbers, durations and switches about a credential
    "lifetime": ("TOKEN_TTL_SECONDS", "3600"),
    "lifetime in .net's spelling": ("Jwt__AccessTokenLifetimeMinutes", "15"),
    "lifetime with its unit": ("SESSION_TOKEN", "15m"),
    "lifetime of iso 8601": ("RefreshToken", "PT12H"),
    "lifetime of .net": ("ACCESS_TOKEN", "00:15:00"),
    "rotation": ("SECRET_ROTATION_DAYS", "90"),
    "length": ("PASSWORD_MIN_LENGTH", "14"),
    "rounds": ("PASSWORD_HASH_ROUNDS", "12"),
    "tokens of a model": ("OpenAI__MaxTokens", "4096"),
    "tokens a minute": ("TOKENS_PER_MINUTE", "120000"),
    "switch": ("FEATURE_PASSWORD_RESET", "true"),
    "switch, as a number": ("ENABLE_TOKEN_AUTH", "1"),
    "switch, off": ("Features__MagicLinkToken", "False"),
    "policy": ("PASSWORD_POLICY", "strict"),
    "provider": ("TOKEN_PROVIDER", "entra"),
    # names of things and where they are
    "name of a secret": ("SECRET_NAME", "smtp-password"),
    "names of secrets": ("KEY_VAULT_SECRET_NAMES", "smtp-password,webhook-hmac"),
    "name of a setting": ("MICROSOFT_PROVIDER_AUTHENTICATION_SECRET_SETTING_NAME", "SMTP"),
    "header's name": ("API_KEY_HEADER", "X-Api-Key"),
    "cookie's name": ("TOKEN_COOKIE", "__Host-session"),
    "endpoint": ("TOKEN_ENDPOINT", "https://login.microsoftonline.com/common/oauth2/v2.0/token"),
    "url under a secret's name": ("WEBHOOK_SECRET_SOURCE", "https://cloud.monozu.example/hooks/secret-of-the-day"),
    "issuer": ("JWT_TOKEN_ISSUER", "https://login.monozu.example/"),
    "vault": ("KEY_VAULT", "https://kv-mz-cloud-prd.vault.azure.net/"),
    "secret's address": ("SMTP_PASSWORD", "https://kv-mz-cloud-prd.vault.azure.net/secrets/SMTP-PASSWORD"),
    "secret's address, with its version": (
        "SMTP_PASSWORD",
        f"https://kv-x.vault.azure.net/secrets/S/{drawn('sv', 32, _HEX)}",
    ),
    # references that App Service does not resolve: SET-001's
    "reference in quotes": ("SMTP_PASSWORD", '"@Microsoft.KeyVault(VaultName=kv-x;SecretName=SMTP)"'),
    "reference in a longer text": (
        "CACHE",
        "x:6380,password=@Microsoft.KeyVault(SecretUri=https://kv-x.vault.azure.net/secrets/S/),ssl=True",
    ),
    "reference after the scheme": ("SMTP_PASSWORD", "Bearer @Microsoft.KeyVault(VaultName=kv-x;SecretName=S)"),
    "reference that does not end": (
        "CACHE",
        "x:6380,password=@Microsoft.KeyVault(VaultName=kv-x;SecretName=S,ssl=True",
    ),
    "reference in a connection string": (
        "FILES",
        "AccountName=stx;AccountKey=@Microsoft.KeyVault(VaultName=kv-x;SecretName=S)",
    ),
    # connection strings without a credential
    "sql by identity": (
        "MAIN",
        "Server=tcp:x.database.windows.net,1433;Database=d;Authentication=Active Directory Default;Encrypt=True",
    ),
    "postgresql without a password": (
        "MAIN",
        "Host=x.postgres.database.azure.com;Database=d;Username=app;Ssl Mode=Require",
    ),
    "storage by identity": ("FILES", f"https://{_HOST}/snaps?restype=container"),
    "service bus, where": ("BUS", "Endpoint=sb://sb-monozu.servicebus.windows.net/;Authentication=ManagedIdentity"),
    "app configuration, where": ("CONFIG", "Endpoint=https://appcs-monozu.azconfig.io"),
    "signalr by identity": ("Azure__SignalR", "Endpoint=https://x.service.signalr.net;AuthType=azure.msi;Version=1.0;"),
    "url with a port and an at": ("CDN_URL", "https://cdn.monozu.example:8443/npm/@monozu/widgets@1.4.2/index.js"),
    "url with a user": ("SENTRY_DSN", f"https://{drawn('sd', 32, _HEX)}@o1.ingest.sentry.io/1"),
    "login of azure sql, as it was": ("MAIN", "jdbc:sqlserver://x.database.windows.net:1433;user=app@x;database=d"),
    "several hosts": ("MONGO", "mongodb://a.monozu.example:27017,b.monozu.example:27017/?replicaSet=rs@0"),
    "password put in later": ("QUEUE", "amqps://app:${MQ_PASSWORD}@mq.monozu.example/"),
    "pair put in later": ("MAIN", "Server=x;Database=d;User ID=app;Password={password};"),
    "file of a password": ("STARTUP", "app --password-file /run/secrets/db --token-ttl 3600"),
    "password from the input": ("STARTUP", "docker login --username app --password-stdin"),
    "option put in later": ("STARTUP", "app --password ${DB_PASSWORD} --port 80"),
    "option followed by another": ("STARTUP", "app --ask-password --verbose"),
    "yaml put in later": ("SETTINGS", "smtp:\n  password: ${SMTP_PASSWORD}\n  token: {{ token }}\n"),
    "yaml of what a token may": ("SETTINGS", "auth:\n  token:\n    lifetime: 3600\n"),
    "question": ("PROMPT", "Password: please type it and press enter"),
    "public json web key": ("JWKS", json.dumps({"kty": "RSA", "n": drawn("jwn", 64), "e": "AQAB"})),
    "host, port and path": ("TARGET", "db.monozu.example:5432:main"),
    "image of curl": ("SIDECAR", "curl -u $PROBE_LOGIN https://cloud.monozu.example/health"),
    "public key": ("VAPID_PUBLIC_KEY", drawn("vp", 87)),
    "publishable key": ("STRIPE_PUBLISHABLE_KEY", f"pk_live_{drawn('pk', 24)}"),
    "certificate": ("IDP", _pem("CERTIFICATE")),
    "certificate, encoded once more": ("IDP", _b64(_pem("CERTIFICATE"))),
    "certificate in base64": ("IDP", f"MIID{drawn('ce', 8)}AwIB{drawn('cf', 300)}"),
    "thumbprint": ("CLIENT_CERT_THUMBPRINT", drawn("th", 40, "0123456789ABCDEF")),
    "thumbprint under a plain name": ("IDP_SIGNING", drawn("th", 40, "0123456789ABCDEF")),
    "digest of a script": ("WIDGET_INTEGRITY", f"sha384-{drawn('sri', 64)}"),
    "resource id with a suffix in both cases": ("SUBNET", f"{_ARM}/{drawn('sub', 24)}"),
    "json in base64": ("LOGGING", _b64('{"level": "info", "sinks": ["console"], "enrich": ["thread"]}')),
    "words in base64": ("GREETING", _b64("Welcome to Monozu: sign in to go on")),
    "pair put in by the release": ("MAIN", "Server=x;Database=d;User ID=app;Password=#{DB_PASSWORD}#;"),
    "pair put in by the release, in underscores": ("MAIN", "Server=x;Database=d;User ID=app;Password=__DB_PASSWORD__;"),
    "tokens of an embedding": ("EMBEDDING_TOKENS", "8191"),
    "validity": ("RESET_TOKEN_VALID_FOR", "2h30m"),
    "where tokens are kept": ("TOKEN_TABLE", "tokens"),
    "template": ("PASSWORD_RESET_TEMPLATE", "reset.html"),
    "no password, but passed through": ("PASS_THROUGH", "headers"),
    "scheme": ("TOKEN_SCHEME", "Bearer"),
    "permissions of a signature": ("SAS_PERMISSIONS", "rl"),
    "header put in later": ("UPSTREAM", "Authorization: Bearer {token}"),
    "braces put in later": ("MAIN", "Server=x;Database=d;Uid=app;Pwd={your_password_here};Encrypt=yes"),
    "public key of a bundle": ("NEXT_PUBLIC_POSTHOG_KEY", f"phc_{drawn('ph', 43)}"),
    "account of twilio": ("TWILIO_ACCOUNT_SID", f"AC{drawn('sid', 32, _HEX)}"),
    "suffix of azd": ("AZURE_RESOURCE_TOKEN", "e4ihg5zkm6fix"),
    "hasher": ("PASSWORD_HASHERS", "django.contrib.auth.hashers.Argon2PasswordHasher"),
    "class": ("TOKEN_CLASS", "rest_framework.authtoken.models.Token"),
    "method": ("TOKEN_ENDPOINT_AUTH_METHOD", "client_secret_post"),
    "where a token is looked for": ("AUTH_TOKEN_SOURCE", "header"),
    "reference of another system": ("PASSWORD_SECRET_REF", "smtp-password"),
    "list": ("ALLOWED_HOSTS", "cloud.monozu.example,manage.monozu.example"),
    "json": ("LOGGING", '{"level": "info", "fields": {"service": "cloud"}}'),
    "sampler": ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
    "words": ("GREETING", "Enter your password or API token to go on"),
    # how a client signs in, not with what
    "telemetry by identity": ("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "Authorization=AAD"),
    "telemetry by a user-assigned identity": (
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        f"Authorization=AAD;ClientId={_GUID}",
    ),
    "telemetry by its key": ("TELEMETRY", f"InstrumentationKey={_GUID};Authorization=ikey"),
    "kinds of credential to try": ("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential"),
    "kinds of credential to try, in short": ("AZURE_TOKEN_CREDENTIALS", "prod"),
    "binding by identity": ("AzureWebJobsStorage__credential", "managedidentity"),
    # what only looks random
    "commit under the name of a cache's key": ("ASSETS_CACHE_KEY", _COMMIT),
    "ulid": ("TENANT", f"01{drawn('ul', 24, '0123456789ABCDEFGHJKMNPQRSTVWXYZ')}"),
    "digest of a model": ("MODEL_SHA256", drawn("ms", 64, _HEX)),
    "hash of an asset": ("ASSET_HASH", drawn("ah", 64, _HEX)),
    "id of a key": ("JWT_KID", drawn("kid", 43)),
    # words after the word of a credential
    "scheme in words": ("UPSTREAM", "Bearer authentication is used"),
    "scheme and a word": ("UPSTREAM", "Basic configuration"),
    "sender": ("PASSWORD_RESET_FROM", "no-reply@monozu.example"),
    "where a key is put": ("API_KEY_IN", "header"),
    "encoder": ("TOKEN_ENCODER", "cl100k_base"),
    "level of a logger": ("Logging__LogLevel__Microsoft.IdentityModel.Tokens", "Warning"),
    "level of a logger of spring's": ("LOGGING_LEVEL_ORG_SPRINGFRAMEWORK_SECURITY_OAUTH2_TOKEN", "DEBUG"),
    "cookie of a token": ("REFRESH_TOKEN_COOKIE_SAMESITE", "Strict"),
    "where tokens are kept, in a word": ("SESSION_TOKEN_STORAGE", "redis"),
    "how a password is reset": ("PASSWORD_RESET", "email"),
    "share of tests": ("SMOKE_TEST_PASS_RATE", "90%"),
    "algorithms": ("JWT_TOKEN_ALGORITHMS", "RS256,ES256"),
    "parameter's name": ("API_KEY_PARAM", "code"),
    "types of tokens": ("ACCEPTED_TOKEN_TYPES", "access,id"),
    "claims of a token": ("ID_TOKEN_CLAIMS", "sub,email"),
    "fields that are not logged": ("MASKED_PASSWORD_FIELDS", "password,pin"),
    "providers": ("TOKEN_PROVIDERS", "entra,github"),
    "tokens at the most": ("OpenAI__MaxOutputTokens", "auto"),
    "site key": ("RECAPTCHA_SITE_KEY", drawn("rc", 40)),
}
