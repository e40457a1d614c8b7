"""Credentials that are recognised by the marks which their issuers put into them: a table, one row for each shape.

The shapes are facts taken from two maintained lists, both under the MIT licence; the last column names the entry:

* `SEC101/…`: Microsoft's identifiable keys, https://github.com/microsoft/security-utilities
  (GeneratedRegexPatterns/PreciselyClassifiedSecurityKeys.json, UnclassifiedPotentialSecurityKeys.json);
* a rule's name: https://github.com/gitleaks/gitleaks (config/gitleaks.toml);
* an address: the issuer's own page, of what neither list has.

Neither is a Python library, and those that are bring more than they give here: detect-secrets knows one of Azure's keys
and needs `requests`, credsweeper needs a machine-learning runtime. Every pattern is bounded on its left or in its
repetition, so that a search takes time in proportion to the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Issued:
    """One shape. A text that holds none of `marks` is not searched; `source` is the entry that documents it."""

    issuer: str
    marks: tuple[str, ...]
    pattern: str
    source: str


def _azure(issuer: str, mark: str, before: int, after: str, source: str) -> Issued:
    """Base64 of a key with a signature in it, at a fixed distance from both ends."""
    pattern = rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{{{before}}}{re.escape(mark)}{after}(?![A-Za-z0-9+/_=-])"
    return Issued(issuer, (mark,), pattern, source)


def _prefixed(issuer: str, marks: tuple[str, ...], rest: str, source: str) -> Issued:
    """A prefix that names the issuer, and at least so many characters after it."""
    begun = "|".join(map(re.escape, marks))
    return Issued(issuer, marks, rf"(?<![A-Za-z0-9_])(?:{begun}){rest}", source)


_END_32, _END_39, _END_64 = "[A-P][A-Za-z0-9+/]{5}=", "[A-D][A-Za-z0-9+/]{5}", "[A-Za-z0-9+/]{5}[AQgw]=="

ISSUED: Final = (
    _azure("Azure Storage", "+ASt", 76, _END_64, "SEC101/152"),
    _azure("Azure Cosmos DB", "ACDb", 76, _END_64, "SEC101/160"),
    _azure("Azure Batch", "+ABa", 76, _END_64, "SEC101/163"),
    _azure("Azure Machine Learning", "+AMC", 76, _END_64, "SEC101/170"),
    _azure("Azure API Management", "APIM", 76, _END_64, "SEC101/181"),
    _azure("Azure Cache for Redis", "AzCa", 33, _END_32, "SEC101/154"),
    _azure("Azure Service Bus", "+ASb", 33, _END_32, "SEC101/171"),
    _azure("Azure Event Hubs", "+AEh", 33, _END_32, "SEC101/172"),
    _azure("Azure Relay", "+ARm", 33, _END_32, "SEC101/173"),
    _azure("Azure IoT", "AIoT", 33, _END_32, "SEC101/178"),
    _azure("Azure Event Grid", "AZEG", 33, _END_32, "SEC101/199"),
    _azure("Azure AI Search", "AzSe", 42, _END_39, "SEC101/166"),
    _azure("Azure Container Registry", "+ACR", 42, _END_39, "SEC101/176"),
    Issued(
        "Azure Functions",
        ("AzFu",),
        r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]==",
        "SEC101/158",
    ),
    Issued(  # the service is named inside: App Configuration, AI services, OpenAI, Communication Services, Azure DevOps
        "an Azure service",
        ("JQQJ9",),
        r"(?<![A-Za-z0-9])[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9][A-L][A-Za-z0-9]{16}[A-Za-z][A-Za-z0-9]{7}",
        "SEC101/200",
    ),
    Issued(
        "Microsoft Entra ID",
        ("7Q~", "8Q~"),
        r"(?<![~.A-Za-z0-9_+/-])[~.A-Za-z0-9_-]{3}[78]Q~[~.A-Za-z0-9_-]{31,34}(?![~.A-Za-z0-9_+/-])",
        "SEC101/156",
    ),
    _prefixed("Azure Databricks", ("dapi",), r"[0-9a-f]{32}(?![0-9a-f])", "SEC101/110"),
    _prefixed("NuGet", ("oy2",), r"[a-z2-7]{43}(?![A-Za-z0-9])", "SEC101/031"),
    _prefixed("npm", ("npm_",), r"[A-Za-z0-9]{36}", "SEC101/050"),
    _prefixed("age", ("AGE-SECRET-KEY-1",), r"[02-9AC-HJ-NP-Z]{58}", "age-secret-key"),
    _prefixed("1Password", ("ops_eyJ",), r"[A-Za-z0-9+/]{250}", "1password-service-account-token"),
    _prefixed("Airtable", ("pat",), r"[A-Za-z0-9]{14}\.[a-f0-9]{64}", "airtable-personnal-access-token"),
    _prefixed("Anthropic", ("sk-ant-api03-", "sk-ant-admin01-"), r"[\w-]{80}", "anthropic-api-key"),
    _prefixed("Artifactory", ("AKCp",), r"[A-Za-z0-9]{69}", "artifactory-api-key"),
    _prefixed("Atlassian", ("ATATT3",), r"[\w=-]{100}", "atlassian-api-token"),
    _prefixed("AWS", ("AKIA", "ASIA", "ABIA", "ACCA"), r"[A-Z2-7]{16}(?![A-Za-z0-9])", "aws-access-token"),
    _prefixed("Amazon Bedrock", ("ABSK",), r"[A-Za-z0-9+/]{109}", "aws-amazon-bedrock-api-key-long-lived"),
    _prefixed("Brevo", ("xkeysib-",), r"[a-f0-9]{64}-[A-Za-z0-9]{16}", "sendinblue-api-token"),
    _prefixed("DigitalOcean", ("doo_v1_", "dop_v1_", "dor_v1_"), r"[a-f0-9]{64}", "digitalocean-access-token"),
    Issued(
        "Discord",
        ("/api/webhooks/",),
        r"discord(?:app)?\.com/api/webhooks/\d{16,20}/[\w-]{60}",
        "https://discord.com/developers/docs/resources/webhook",
    ),
    _prefixed("Doppler", ("dp.pt.",), r"[A-Za-z0-9]{43}", "doppler-api-token"),
    _prefixed("Dynatrace", ("dt0c01.",), r"[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}", "dynatrace-api-token"),
    _prefixed("Fly.io", ("fo1_",), r"[\w-]{43}", "flyio-access-token"),
    _prefixed("GitHub", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[0-9A-Za-z]{36}", "github-pat"),
    _prefixed("GitHub", ("github_pat_",), r"\w{82}", "github-fine-grained-pat"),
    _prefixed("GitLab", ("glpat-", "gldt-", "glrt-", "glsoat-"), r"[\w-]{20}", "gitlab-pat"),
    _prefixed("GitLab", ("glcbt-", "glptt-", "glft-", "gloas-"), r"[\w-]{20}", "gitlab-cicd-job-token"),
    _prefixed("Google Cloud", ("AIza",), r"[\w-]{35}(?![\w-])", "gcp-api-key"),
    _prefixed("Grafana", ("glc_",), r"[A-Za-z0-9+/]{32}", "grafana-cloud-api-token"),
    _prefixed("Grafana", ("glsa_",), r"[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}", "grafana-service-account-token"),
    _prefixed("HashiCorp Vault", ("hvs.",), r"[\w-]{90}", "vault-service-token"),
    _prefixed("HashiCorp Vault", ("hvb.",), r"[\w-]{138}", "vault-batch-token"),
    Issued(
        "HCP Terraform",
        (".atlasv1.",),
        r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60}",
        "hashicorp-tf-api-token",
    ),
    _prefixed("Heroku", ("HRKU-AA",), r"[\w-]{58}", "heroku-api-key-v2"),
    _prefixed("Hugging Face", ("hf_", "api_org_"), r"[A-Za-z]{34}(?![A-Za-z0-9])", "huggingface-access-token"),
    _prefixed("Linear", ("lin_api_",), r"[A-Za-z0-9]{40}", "linear-api-key"),
    Issued("Mailchimp", ("-us",), r"(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])", "mailchimp-api-key"),
    _prefixed("Mailgun", ("key-",), r"[a-f0-9]{32}(?![A-Za-z0-9])", "mailgun-private-api-token"),
    _prefixed("New Relic", ("NRAK-",), r"[A-Z0-9]{27}", "new-relic-user-api-key"),
    _prefixed("Notion", ("ntn_",), r"[0-9]{11}[A-Za-z0-9]{35}", "notion-api-token"),
    _prefixed("Octopus Deploy", ("API-",), r"[A-Z0-9]{26}(?![A-Za-z0-9])", "octopus-deploy-api-key"),
    Issued("OpenAI", ("T3BlbkFJ",), r"(?<![\w-])sk-[\w-]{20,100}T3BlbkFJ[\w-]{20}", "openai-api-key"),
    Issued("OpenShift", ("sha256~",), r"sha256~[\w-]{43}(?![\w-])", "openshift-user-token"),
    _prefixed("Perplexity", ("pplx-",), r"[a-zA-Z0-9]{48}", "perplexity-api-key"),
    _prefixed("PlanetScale", ("pscale_tkn_", "pscale_oauth_", "pscale_pw_"), r"[\w=.-]{32}", "planetscale-api-token"),
    _prefixed("Postman", ("PMAK-",), r"[A-Fa-f0-9]{24}-[A-Fa-f0-9]{34}", "postman-api-token"),
    _prefixed("Pulumi", ("pul-",), r"[a-f0-9]{40}", "pulumi-api-token"),
    _prefixed("PyPI", ("pypi-AgEIcHlwaS5vcmc",), r"[\w-]{50}", "pypi-upload-token"),
    _prefixed("RubyGems", ("rubygems_",), r"[a-f0-9]{48}", "rubygems-api-token"),
    _prefixed("SendGrid", ("SG.",), r"[\w=-]{20,24}\.[\w=-]{40}", "sendgrid-api-token"),
    _prefixed("Sentry", ("sntryu_",), r"[a-f0-9]{64}", "sentry-user-token"),
    _prefixed("Sentry", ("sntrys_eyJ",), r"[\w+/=]{40}", "sentry-org-token"),
    _prefixed("Shopify", ("shpat_", "shpca_", "shppa_", "shpss_"), r"[A-Fa-f0-9]{32}", "shopify-access-token"),
    _prefixed(
        "Slack", ("xoxb-", "xoxp-", "xoxe-", "xoxa-", "xoxr-", "xoxo-", "xoxs-"), r"[\w-]{10}", "slack-bot-token"
    ),
    _prefixed("Slack", ("xoxe.xoxb-", "xoxe.xoxp-"), r"\d-[A-Z0-9]{163}", "slack-config-access-token"),
    _prefixed("Slack", ("xapp-",), r"\d-[A-Z0-9]+-\d+-[A-Za-z0-9]+", "slack-app-token"),
    Issued(
        "Slack",
        ("hooks.slack.com/",),
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40}",
        "slack-webhook-url",
    ),
    _prefixed("SonarQube", ("squ_", "sqp_", "sqa_"), r"[a-f0-9]{40}(?![A-Za-z0-9])", "sonar-api-token"),
    _prefixed("Square", ("sq0atp-",), r"[\w-]{22}", "square-access-token"),
    _prefixed("Stripe", ("sk_live_", "sk_test_", "sk_prod_"), r"[A-Za-z0-9]{10}", "stripe-access-token"),
    _prefixed("Stripe", ("rk_live_", "rk_test_", "rk_prod_"), r"[A-Za-z0-9]{10}", "stripe-access-token"),
    Issued(
        "Microsoft Teams",
        (".webhook.office.com/",),
        r"\.webhook\.office\.com/webhookb2/[0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/",
        "microsoft-teams-webhook",
    ),
    Issued("Telegram", (":A",), r"(?<![\w-])\d{5,16}:A[\w-]{34}(?![\w-])", "telegram-bot-api-token"),
    _prefixed("Twilio", ("SK",), r"[0-9a-fA-F]{32}(?![A-Za-z0-9])", "twilio-api-key"),
)


_SHORTEST: Final = 15  # of what any row describes
_BY_MARK: Final = tuple((mark, row) for row in ISSUED for mark in row.marks)


JWT: Final = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*")  # RFC 7519


def issuers(text: str) -> set[str]:
    """Who issued the credentials that the text holds."""
    if len(text) < _SHORTEST:
        return set()
    return {row.issuer for mark, row in _BY_MARK if mark in text and re.search(row.pattern, text) is not None}
