// SPDX-License-Identifier: Apache-2.0
#include "bindings/parse.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings/digest.h"
#include "bindings/template_functions.h"
#include "proxy/base/bounds.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::warnings_of;
using test::with_top;

namespace {

// The shape of agent-vault-proxy 0.4's own example, with names of our own.
constexpr const char* kForeignFile = R"(version: 1
secrets:
  ANTHROPIC_API_KEY:
    placeholder: "sk-ant-PLACEHOLDER-01HXY1234567890ABCDEFGH"
    inject:
      header: "x-api-key"
      format: "{secret}"
    bindings:
      - host: "api.anthropic.com"
        methods: [POST, get]
        paths: ["/v1/messages", "/v1/messages/batches/**"]
      - host: "gateway.anthropic.com"
  DO-API-TOKEN:
    placeholder: "dop_v1_PLACEHOLDER_01HXY1234567890ABC"
    inject:
      header: "Authorization"
      format: "Bearer {DO-API-TOKEN}"
    bindings:
      - host: "api.digitalocean.com"
  JIRA:
    placeholder: "jira_PLACEHOLDER_01HXY1234567890AB"
    inject:
      header: "Authorization"
      template: "Basic {{ (JIRA_EMAIL + ':' + JIRA_TOKEN) | b64encode }}"
    compose:
      - JIRA_EMAIL
      - JIRA_TOKEN
    bindings:
      - host: "your-tenant.atlassian.net"
unmatched_destination_policy: deny
cache:
  ttl_seconds: 300
  max_entries: 100
  jitter_seconds: 30
audit:
  path: /var/log/agent/audit.jsonl
  fail_on_unwritable: true
preflight:
  fail_on_warning: true
backend:
  type: bws
  config:
    type: bws
    organization_id: "some-id"
    access_token_path: /etc/agent/token
)";

// A file of its own, removed at the end.
class TempFile {
 public:
  explicit TempFile(const std::string& text) {
    std::array<char, 40> name = {"/tmp/keyswap-bindings-XXXXXX"};
    const int number = ::mkstemp(name.data());
    REQUIRE(number >= 0);
    ::close(number);
    path_ = name.data();
    std::ofstream(path_) << text;
  }

  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  TempFile(TempFile&&) = delete;
  TempFile& operator=(TempFile&&) = delete;

  ~TempFile() { ::unlink(path_.c_str()); }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

base::Errc failure_of(const std::string& path) {
  const auto parsed = parse_file(path, {});
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error().code;
}

}  // namespace

TEST_CASE("I01 a file of agent-vault-proxy 0.4 loads unchanged") {
  const auto parsed = parse(kForeignFile, test::kFolder, {});
  CHECK(test::listed(parsed.errors).empty());
  const auto& bindings = parsed.bindings;
  REQUIRE(bindings.rules.size() == 3);
  CHECK(bindings.rules[0].name.text() == "ANTHROPIC_API_KEY");
  CHECK(bindings.rules[0].scopes[0].methods == std::vector<std::string>{"POST", "GET"});
  CHECK(bindings.rules[0].placement().name() == "x-api-key");
  CHECK(bindings.rules[2].injection().needs().size() == 2);
  CHECK(bindings.unmatched_destination == UnmatchedDestination::deny);
  const auto warnings = test::listed(parsed.warnings);
  CHECK(warnings.find("`backend` has no effect: secrets come from this home's vault") !=
        std::string::npos);
  CHECK(warnings.find("`cache` has no effect") != std::string::npos);
  CHECK(warnings.find("`audit.path` names a folder") != std::string::npos);
}

TEST_CASE("the example of the contract loads without a warning") {
  const std::string text = R"(version: 1
unmatched_destination_policy: forward_unmodified   # or deny
tls_termination: bound
allow_wildcard_hosts: false
secrets:
  OPENAI_API_KEY:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - host: api.openai.com
        port: 443
        methods: [POST]
        paths: ["/v1/**"]
upstream:
  ca_file: extra-roots.pem
  resolve: { "api.example.test:443": "127.0.0.1:9443" }
  proxy: http://corp:3128
audit: { path: audit }
)";
  CHECK(warnings_of(text).empty());
  const auto bindings = accepted(text);
  CHECK(bindings.unmatched_destination == UnmatchedDestination::forward_unmodified);
  CHECK(bindings.tls_termination == TlsTermination::bound);
  CHECK(bindings.audit_path == "/etc/keyswap/audit");
  CHECK(bindings.sha256 == sha256_hex(text));
  CHECK(bindings.binds(test::at_host("api.openai.com")));
}

TEST_CASE("I02 an unknown key is refused wherever it stands, with the nearest known one") {
  CHECK(errors_of("secretz: {}\nsecrets: {}\n") ==
        "1:1 'secretz' is no key of `bindings.yaml` | did you mean 'secrets'?\n");
  CHECK(errors_of(test::one_secret("    placeholderr: x\n")).find("did you mean 'placeholder'?") !=
        std::string::npos);
  CHECK(errors_of(test::with_inject("{ header: A, formt: \"{secret}\" }"))
            .find("did you mean 'format'?") != std::string::npos);
  CHECK(errors_of(test::with_binding("{ host: a.com, method: [GET] }"))
            .find("did you mean 'methods'?") != std::string::npos);
  CHECK(
      errors_of(with_top("cache: { ttl: 60 }\n")).find("'ttl' is no key of `cache` | there are:") !=
      std::string::npos);
  CHECK(errors_of(with_top("audit: { paht: x }\n")).find("did you mean 'path'?") !=
        std::string::npos);
  CHECK(
      errors_of(with_top("backend: { type: bws, konfig: {} }\n")).find("did you mean 'config'?") !=
      std::string::npos);
  CHECK(errors_of(with_top("upstream: { cafile: x }\n")).find("did you mean 'ca_file'?") !=
        std::string::npos);
  CHECK(errors_of(with_top("preflight: { fail: true }\n")).find("'fail' is no key") !=
        std::string::npos);
}

TEST_CASE("I03 version may be left out or 1, and nothing else") {
  CHECK(errors_of(with_top("")).empty());
  CHECK(errors_of(with_top("version: 1\n")).empty());
  const auto* const version = GENERATE("2", "0", "\"1\"", "1.0", "01", "one", "", "[1]");
  INFO(version);
  CHECK(errors_of(with_top("version: " + std::string(version) + "\n")).find("1:") == 0);
}

TEST_CASE("I46 a repeated key anywhere is an error with its place") {
  CHECK(errors_of("version: 1\nversion: 1\nsecrets: {}\n").find("2:1 'version' is repeated") == 0);
  CHECK(errors_of("secrets:\n  K: {}\n  K: {}\n").find("'K' is repeated") != std::string::npos);
}

TEST_CASE("policies take their words and nothing else") {
  const auto bindings = accepted(with_top(
      "unmatched_destination_policy: deny\ntls_termination: all\nmisplaced_placeholder: refuse\n"
      "refusals: connect\n"));
  CHECK(bindings.unmatched_destination == UnmatchedDestination::deny);
  CHECK(bindings.tls_termination == TlsTermination::all);
  CHECK(bindings.misplaced_placeholder == MisplacedPlaceholder::refuse);
  CHECK(bindings.tunnel_refusals == TunnelRefusals::connect);
  CHECK(accepted(with_top("")).misplaced_placeholder == MisplacedPlaceholder::forward);
  CHECK(accepted(with_top("")).tunnel_refusals == TunnelRefusals::tls);
  CHECK(
      errors_of(with_top("unmatched_destination_policy: denied\n")) ==
      "1:31 `unmatched_destination_policy` must be one of: forward_unmodified, deny | did you mean "
      "'deny'?\n");
  CHECK_FALSE(errors_of(with_top("tls_termination: [bound]\n")).empty());
  CHECK_FALSE(errors_of(with_top("tls_termination:\n")).empty());
}

TEST_CASE("flags are true or false, not yes, on, 1 or a quoted word") {
  const auto* const word =
      GENERATE("yes", "no", "on", "1", "0", "True", "TRUE", "\"true\"", "", "[true]");
  INFO(word);
  CHECK(errors_of(with_top("allow_wildcard_hosts: " + std::string(word) + "\n"))
            .find("must be true or false") != std::string::npos);
}

TEST_CASE("every error is reported, in the order of the file") {
  const auto errors = parse(R"(version: 2
tls_termination: maybe
secrets:
  K:
    placeholder: short
    inject: { header: "bad header", format: "none" }
    bindings:
      - host: "http://x"
      - { host: a.example.com, methods: [], paths: [x], port: 0 }
  L:
    placeholder: also-short
upstream: { proxy: ftp://x }
)",
                            test::kFolder,
                            {})
                          .errors;
  std::vector<std::pair<int, int>> places;
  for (const auto& error : errors) {
    places.emplace_back(error.line, error.column);
  }
  CHECK(std::is_sorted(places.begin(), places.end()));
  CHECK(errors.size() == 13);
}

TEST_CASE("a thousand errors are counted, not all shown", "[I10]") {
  std::string text = "secrets: {}\n";
  for (int i = 0; i < 1000; ++i) {
    text += "key" + std::to_string(i) + ": 1\n";
  }
  const auto errors = parse(text, "", {}).errors;
  CHECK(errors.size() == 201);
  CHECK(errors.back().text == "and 800 more");
}

TEST_CASE("an error never quotes what could be a secret", "[I1]") {
  const std::string key = "sk-live-4242424242424242424242";
  const auto* const place =
      GENERATE("secrets: { K: { placeholder: @ } }",
               "secrets: { K: { placeholder: \"@ x\" } }",
               "secrets: { K: @ }",
               "secrets: @",
               "@",
               "secrets: { K: { inject: @ } }",
               "secrets: { K: { inject: { header: A, format: \"@\" } } }",
               "secrets: { K: { inject: { header: A, format: \"Bearer {@}\" } } }",
               "secrets: { K: { inject: { header: \"A @\", format: \"{secret}\" } } }",
               "secrets: { K: { inject: { header: A, template: \"{{ '@' }\" }, compose: [B] } }",
               "secrets: { K: { compose: [\"@!\"] } }",
               "secrets: { K: { bindings: [ \"@\" ] } }",
               "secrets: { K: { bindings: [ { host: \"@@\" } ] } }",
               "secrets: { K: { bindings: [ { host: a.b, paths: [\"@\"] } ] } }",
               "secrets: { K: { bindings: [ { host: a.b, port: \"@\" } ] } }",
               "secrets: { K: { stand_in: \"@\" } }",
               "version: \"@\"",
               "tls_termination: \"@\"",
               "upstream: { proxy: \"http://u:@@corp:1\" }",
               "upstream: { resolve: { \"@\": \"@\" } }",
               "upstream: { ca_file: [[\"@\"]] }",
               "backend: { type: \"@\", config: { token: \"@\" } }",
               "cache: { ttl_seconds: \"@\" }",
               "a: *@",
               "a: !@ b",
               "\"@ @\": 1");
  std::string text = place;
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at + key.size())) {
    text.replace(at, 1, key);
  }
  const auto parsed = parse(text, "", {});
  INFO(text << "\n" << test::listed(parsed.errors));
  CHECK_FALSE(parsed.errors.empty());
  CHECK(test::listed(parsed.errors).find("4242424242") == std::string::npos);
  CHECK(test::listed(parsed.warnings).find("4242424242") == std::string::npos);
}

TEST_CASE("`secrets` must be there, and may be empty") {
  CHECK(errors_of("version: 1\n").find("`secrets` is missing") != std::string::npos);
  CHECK(errors_of("secrets:\n").empty());
  CHECK(errors_of("secrets: {}\n").empty());
  CHECK_FALSE(errors_of("secrets: []\n").empty());
  CHECK_FALSE(errors_of("- a\n").empty());
  CHECK_FALSE(errors_of("just text\n").empty());
}

TEST_CASE("a file is read, and relative names are relative to its folder") {
  const TempFile file(with_top("upstream: { ca_file: roots.pem }\naudit: { path: log }\n"));
  const auto parsed = parse_file(file.path(), {});
  REQUIRE(parsed.has_value());
  CHECK(test::listed(parsed->errors).empty());
  CHECK(parsed->warnings.empty());
  CHECK(parsed->bindings.upstream.ca_files == std::vector<std::string>{"/tmp/roots.pem"});
  CHECK(parsed->bindings.audit_path == "/tmp/log");
}

TEST_CASE("a file that others can write is refused, one its group can is warned of") {
  const TempFile file(with_top(""));
  REQUIRE(::chmod(file.path().c_str(), 0666) == 0);
  CHECK(failure_of(file.path()) == base::Errc::permission);
  REQUIRE(::chmod(file.path().c_str(), 0660) == 0);
  const auto parsed = parse_file(file.path(), {});
  REQUIRE(parsed.has_value());
  CHECK(test::listed(parsed->warnings).find("written by its group") != std::string::npos);
}

TEST_CASE("what is no readable regular file of bounded size is refused") {
  CHECK(failure_of("/nonexistent/bindings.yaml") == base::Errc::not_found);
  CHECK(failure_of("/tmp") == base::Errc::invalid_input);
  CHECK(failure_of("/dev/zero") == base::Errc::invalid_input);
  const TempFile big(std::string(base::bounds::kBindingsFileBytesMax + 1, '#'));
  CHECK(failure_of(big.path()) == base::Errc::limit_exceeded);
}

TEST_CASE("a FIFO is refused and not waited for") {
  const TempFile file("");
  const auto path = file.path() + ".fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(failure_of(path) == base::Errc::invalid_input);
  ::unlink(path.c_str());
}

}  // namespace keyswap::bindings
