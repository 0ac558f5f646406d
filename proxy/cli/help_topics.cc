// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/help_topics.h"

#include <algorithm>
#include <array>

#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

constexpr HelpTopic kApproval = {"approval",
                                 "Who lets a changed bindings.yaml into force",
                                 R"topic(
Whoever writes bindings.yaml decides where secrets go. So a file that was changed comes into
force once somebody approved it. What is approved is the bytes of the file, and of each file of
`upstream.ca_file`.

  keyswap bindings edit      an editor, a check, what changes, your yes, reload
  keyswap bindings add       one secret and one host
  keyswap bindings approve   what was changed by hand: shown, and your yes

Who may approve was chosen by `keyswap init --approval`. With `key` it is whoever opens the
vault, so that `serve` approves what it finds (the default with --key-file). With `passphrase`
it takes a command that was given the vault's passphrase, or, where a key file opens the vault,
a passphrase for approvals alone.

What `bindings add` and `secret add --provider` write is approved at once by what opened the vault
for them: made with --key-file, or with --approval passphrase, the home asks nothing more (or only
for the passphrase for approvals). In a home that a passphrase opens, made without --approval,
nothing is approved at first: the first `serve` shows all that bindings.yaml says by then, and asks
(without a terminal it takes the file as it is). From then on that home is like the others.

Until a change is approved, what is in force stays in force. `keyswap serve` on a terminal shows
the change and asks; without a terminal it ends with exit status 1.
)topic"};

constexpr HelpTopic kAudit = {"audit",
                              "The audit log",
                              R"topic(
Every decision is a line of JSON, on the disk before its request leaves. The lines are chained
by hashes, and the vault knows how far the log reached: a change, a cut or an older copy shows.

  keyswap audit tail      the newest records, and those to come
  keyswap audit show      by secret, host, decision, time
  keyswap audit verify    is the log as it was written?

`audit.path` in bindings.yaml names the folder of the log, not a file; a relative one is below
the folder of that file. `keyswap serve` makes it at the first start. If it is gone later,
`serve` stops, because who removes a whole log must not get an empty one that verifies: put it
back, or find out what became of it and run `keyswap audit accept-loss`.

The log only grows. `keyswap audit rotate` closes the segment that is being written, and `keyswap
audit archive DIR` moves the closed ones into DIR, also while the proxy runs: `audit verify
--folder DIR` judges them there. A segment that was removed in any other way is missing.

To begin a new log, stop the proxy, move the whole folder, and run `keyswap audit accept-loss`: its
first record names the end of the old one. To have it written elsewhere from then on, set
`audit.path`.

If a record cannot be written (a full disk), requests get 503 `audit_unavailable` and nothing is
sent. Make room, then start the proxy anew.
)topic"};

constexpr HelpTopic kBindings = {"bindings",
                                 "bindings.yaml: which secret may go where",
                                 R"topic(
A binding for one host needs no editor: `keyswap bindings add NAME --host HOST`, or, for an API
of the catalogue, `keyswap secret add NAME --provider PROVIDER`. By hand, an entry of the file
is

  secrets:
    OPENAI_API_KEY:                       # the secret's name in the vault
      placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
      inject: { header: Authorization, format: "Bearer {secret}" }
      bindings:
        - host: api.openai.com            # port: 443 unless it says another
          methods: [GET, POST]            # without it: any
          paths: ["/v1/**"]               # * within a segment, ** anything

placeholder: what programs hold in the secret's place. 24 to 512 visible characters with
PLACEHOLDER and something random in them (`openssl rand -hex 12`), or with `stand_in: true` any
such text. Never a real key.

inject: where the credential stands: `header` with a `format`, or `basic`, `query`, `path`,
`cookie`, `body`. `type` chooses a scheme that signs: hmac, webhook, oauth1, kraken, gateio, mexc,
okx, bybit, kucoin, htx, deribit, bitfinex, gemini, bitmex, bitvavo, polymarket, hyperliquid,
sigv4 or that of a venue. Instead of `format`, a `template` puts several entries of the vault
together (`compose`), as in "Basic {{ (user + ':' + token) | b64encode }}".

bindings: host, port, methods and paths; all must match. "*.example.com" (in quotes: YAML reads
a bare * as its own) is exactly one more label, and asks for `allow_wildcard_hosts: true`.

  keyswap bindings check                  every mistake, with its line
  keyswap bindings explain METHOD URL     what becomes of a request, and why
  keyswap help approval                   how a change comes into force
)topic"};

constexpr HelpTopic kCallers = {"callers",
                                "Who may use the proxy",
                                R"topic(
Without a list, programs of the user that keyswap runs as may come, and of those in
`allow_users`. Everybody else needs a token, and so does whoever comes by a reverse route.

  keyswap caller add ci     makes a caller, and prints its token, once

With `callers: [ci, agent-2]` in bindings.yaml those on the list may come, and nobody else;
`callers: [ci]` in a binding keeps that binding to them. A caller's token is given to `keyswap
run` and `keyswap env` in $KEYSWAP_CALLER_TOKEN, or with --caller-token-file FILE. Another
program sends it as its password for the proxy: http://ci:TOKEN@127.0.0.1:8472. Java sends none
until it is given an Authenticator and -Djdk.http.auth.tunneling.disabledSchemes= (the JDK
forbids Basic for tunnels).

407 `caller_required`: a token is missing or is not good. 403 `caller_not_allowed`: the caller
is not on the list. `keyswap caller list` names those who have a token; `rotate` and `remove`
end an old one.
)topic"};

constexpr HelpTopic kClients = {"clients",
                                "Programs that go through the proxy",
                                R"topic(
  keyswap run -- COMMAND     everything set; the proxy that runs, or one for it
  keyswap run --isolated ... the same, and no other way out for COMMAND
  eval "$(keyswap env)"      the same in a shell, for a proxy that runs
  keyswap doctor             launches those that it finds: what goes past it?

Set are the proxy's address (HTTPS_PROXY and its like), the CA in each variable that clients
read (SSL_CERT_FILE, CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS, GIT_SSL_CAINFO and
more), and each secret's placeholder under the secret's own name. `keyswap env` prints all of
them.

Node before 22.21 and 24.5 reads none of them, and no Node does for agents of a program's own: a
file that `run` and `env` load into it (NODE_OPTIONS, left out by --no-preload) helps both.

A program that reads none goes past the proxy, with a placeholder that is worth nothing, or does
not trust the CA. These take a flag or a setting:

  aiohttp            ClientSession(trust_env=True)
  Python's stripe    stripe.ca_bundle_path = os.environ["SSL_CERT_FILE"]
  aria2              --ca-certificate=$SSL_CERT_FILE
  apt, as root       -o Acquire::https::CaInfo=FILE, a copy that _apt can read
  kubectl            --certificate-authority=$SSL_CERT_FILE, with a CA in its
                     kubeconfig
  chromium, Chrome   ca.pem in the store of its profile (certutil)
  docker, podman     the settings of the daemon, which does the pulling

All others: the proxy (http://127.0.0.1:8472) and the CA (ca.pem, or the bundle of `keyswap ca
export`) in their own configuration. For programs with pinned roots there is only their own
switch, if they have one.
)topic"};

constexpr HelpTopic kEndpoints = {"endpoints",
                                  "What is blocked where things are traded",
                                  R"topic(
For a venue whose requests keyswap reads, three kinds of endpoints are closed:

  tier 1   what moves value out of the account, or opens a door to it: never,
           and naming it in `endpoints` is an error
  tier 2   what moves value within the account, makes debt, or cancels
           everything at once: unless `endpoints` names it
  tier 3   orders: unless `endpoints` names them; then they are held to
           `max_order_usd`, `daily_volume_usd`, `symbols`, `order_types`

An entry is a method and a whole path, "POST /sapi/v1/asset/transfer", or a method of the
WebSocket API, "WS order.cancelReplace". What a venue adds later is closed until it is named. A
host that only pays out, or whose messages cannot be judged, cannot be bound.

  keyswap bindings explain METHOD URL     what it says of one endpoint
)topic"};

constexpr HelpTopic kLimits = {"limits",
                               "Limits of use, and bounds of the program",
                               R"topic(
A binding may have limits; `keyswap limits show` says what is left of them:

  rate_limit: { requests: 60, per: 1m }   429 rate_limited above it
  quota: { requests: 1000, per: day }     429 quota_exceeded, until midnight UTC
  blocked: ["DELETE /repos/*"]            403 endpoint_blocked
  max_body: 1MiB                          413 body_too_large
  graphql: { operations: [query] }        403 body_not_allowed
  json: [ { pointer: /n, range: ... } ]   403 body_not_allowed
  models: [gpt-4o*]                       403 model_not_allowed
  tools: [web_search]                     403 tool_not_allowed, of the provider
  max_prompt: 256KiB                      403 prompt_too_large
  budget: { usd_per_day: 20 }             429 budget_exceeded, for the day
  response_timeout: 30s                   504 upstream_timeout

Quotas, volumes and budgets are kept in limits.db, and survive a restart. What
waits, queues and buffers the program has are bounded in the program itself; no
key changes that.
)topic"};

constexpr HelpTopic kProviders = {"providers",
                                  "The catalogue of APIs, and your own entries",
                                  R"topic(
  keyswap provider list                         the APIs that are known
  keyswap provider show openai                  what its entry would bind
  keyswap secret add NAME --provider openai     asks for the value, and binds it

A file NAME.yaml in the folder `providers` of the home adds one, or takes the place of a
built-in one. Others must not be able to write it.

  title: My API
  docs: https://api.example.com/docs
  key: ["my_{32:hex}"]                 # what its keys look like
  env: [MY_API_KEY]
  secret:
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.com, methods: [GET], paths: ["/v1/**"] }

In a shape of `key`, text stands for itself, and {N:ALPHABET} for so many characters of digit,
lower, upper, letter, hex, HEX, anyhex, b32, lower36, upper36, b62, b64u or b64; {10-13:digit}
is a range. `{name}` in `secret` is the secret's name; `{host}` is what --host says, for a
provider with `host: { example: ... }`.
)topic"};

constexpr HelpTopic kSandbox = {"sandbox",
                                "What the proxy gives up when it starts",
                                R"topic(
`keyswap serve` drops every capability, writes nowhere but in the home and the audit log's
folder (Landlock), and keeps only the system calls that serving needs (seccomp). No switch keeps
more.

A container has to allow seccomp(2); Docker's own profile does. A kernel without Landlock is a
warning, and the files' modes alone then say what can be written. A port below 1024 needs
`sysctl net.ipv4.ip_unprivileged_port_start`. Users that only LDAP or SSSD knows are named by
number.
)topic"};

constexpr HelpTopic kUnlocking = {"unlocking",
                                  "What opens the vault",
                                  R"topic(
The first of these that is there decides; one that is there and cannot be read is an error.

  1. --password-file FILE
  2. --password-fd N
  3. $KEYSWAP_PASSWORD_FILE
  4. systemd's credential keyswap-password ($CREDENTIALS_DIRECTORY)
  5. the home's file `key`, made by `keyswap init --key-file`
  6. with --keyring: the kernel's keyring, key type user, keyswap:HOME
  7. a prompt on the terminal

A passphrase is never taken from the command line, nor from a variable. One newline at the end
of a file is dropped. With a key file nobody is asked, and whoever can read that file has every
secret. `keyswap -v COMMAND` says which of these was used.
)topic"};

constexpr std::array kTopics = {
    kApproval,
    kAudit,
    kBindings,
    kCallers,
    kClients,
    kEndpoints,
    kLimits,
    kProviders,
    kSandbox,
    kUnlocking,
};

}  // namespace

std::span<const HelpTopic> help_topics() {
  return kTopics;
}

const HelpTopic* find_topic(std::string_view name) {
  const auto* const found = std::ranges::find(kTopics, name, &HelpTopic::name);
  return found == kTopics.end() ? nullptr : found;
}

std::string topic_text(const HelpTopic& topic) {
  return std::string(topic.title) + "\n" + wrap_paragraphs(topic.text, kColumns);
}

}  // namespace keyswap::cli
