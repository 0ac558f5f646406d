// SPDX-License-Identifier: Apache-2.0
#include "test/cost/inputs.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "bindings/bounds.h"
#include "proxy/base/bounds.h"

namespace keyswap::work {

namespace {

using audit::Reason;
namespace bounds = base::bounds;

constexpr std::string_view kPlaceholder = "kswp_PLACEHOLDER_0000000000000001";
constexpr std::string_view kHost = "Host: api.example.test\r\n";
constexpr std::size_t kRules = 20;
constexpr std::size_t kManyRules = 800;

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

// `text` again and again, `bytes` of it.
std::string fill(std::size_t bytes, std::string_view text) {
  return times(bytes / text.size() + 1, text).substr(0, bytes);
}

// The same as often as it fits.
std::string whole(std::size_t bytes, std::string_view text) {
  return times(bytes / text.size(), text);
}

std::string number(std::size_t n, std::size_t digits) {
  const std::string text = std::to_string(n);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

// --- bindings ---

std::string secret(std::string_view name,
                   std::string_view placeholder,
                   std::string_view header,
                   std::string_view binding) {
  return "  " + std::string(name) + ":\n    placeholder: \"" + std::string(placeholder) +
         "\"\n    inject: { header: " + std::string(header) +
         ", format: \"Bearer {secret}\" }\n    bindings: [ { " + std::string(binding) + " } ]\n";
}

// One secret for this host.
std::string with(std::string_view rules = "", std::string_view header = "Authorization") {
  return "version: 1\nsecrets:\n" +
         secret("BENCH", kPlaceholder, header, "host: api.example.test" + std::string(rules));
}

// As an operator has them: one secret for this host, many for others.
std::string usual_bindings() {
  std::string yaml = with();
  for (std::size_t i = 2; i <= 200; ++i) {
    yaml += secret(
        "OTHER_" + number(i, 4),
        "other_PLACEHOLDER_" + number(i, 4) + "_0000000000",
        "Authorization",
        "host: s" + number(i, 4) + ".example.org, methods: [GET, POST], paths: [\"/v1/**\"]");
  }
  return yaml;
}

std::string part(std::size_t i) {
  return "/part" + number(i, 3);
}

// Rules that have to look through a path from its beginning to its end: `count` of them, from
// number `first` on.
std::string path_rules(std::size_t first, std::size_t count) {
  std::string list;
  for (std::size_t i = first; i < first + count; ++i) {
    list += (list.empty() ? "\"/**" : ", \"/**") + part(i) + "/**\"";
  }
  return ", paths: [" + list + "]";
}

std::string blocking_rules(std::size_t first, std::size_t count) {
  std::string list;
  for (std::size_t i = first; i < first + count; ++i) {
    list += (list.empty() ? "\"GET *" : ", \"GET *") + part(i) + "/*\"";
  }
  return ", blocked: [" + list + "]";
}

// Methods are judged, and paths both ways; no path here has what is blocked.
std::string all_rules() {
  return ", methods: [GET]" + path_rules(1, kRules / 2) + blocking_rules(101, kRules / 2);
}

std::string placeholder_of(std::size_t n) {
  return "key" + number(n, 4) + "_PLACEHOLDER_00000";
}

// `count` secrets for this host, with a path rule each; for the first, what is blocked as well.
std::string many_secrets(std::size_t count) {
  std::string yaml = "version: 1\nsecrets:\n";
  for (std::size_t i = 1; i <= count; ++i) {
    yaml += secret("SECRET_" + number(i, 4),
                   placeholder_of(i),
                   "X-Api-Key",
                   "host: api.example.test" + path_rules(i, 1) +
                       (i == 1 ? ", methods: [GET]" + blocking_rules(101, kRules / 2) : ""));
  }
  return yaml;
}

// One that signs requests, and closes some endpoints by their paths.
std::string with_signer() {
  return "version: 1\nsecrets:\n  BENCH:\n    placeholder: " + std::string(kPlaceholder) +
         "\n    inject: { type: binance, api_key: KEY, api_secret: SECRET }\n"
         "    bindings: [ { host: api.example.test } ]\n";
}

// --- field lines: as many bytes of them as a head may have ---

struct Fields {
  std::string name;
  std::string lines;
  std::string bindings = with();
  Reason expected = Reason::binding_matched;
  bool has_credential = true;
};

std::string credential(std::string_view header = "Authorization") {
  return std::string(header) + ": Bearer " + std::string(kPlaceholder) + "\r\n";
}

// What is left for other lines.
constexpr std::size_t kRoom = bounds::kRequestHeadBytesMax - kHost.size() - 60;
constexpr std::size_t kLines = bounds::kRequestFieldCountMax - 2;

// Few long lines of one name.
std::string long_lines(std::string_view name, std::string_view value) {
  constexpr std::size_t kCount = 3;
  const std::size_t bytes = kRoom / kCount - name.size() - 4;
  return times(kCount, std::string(name) + ": " + fill(bytes, value) + "\r\n");
}

template <typename Line>
std::string many_lines(Line line) {
  std::string lines;
  for (std::size_t i = 0; i < kLines; ++i) {
    const std::string text = line(i, kRoom / kLines - 2);
    lines += text + "\r\n";
  }
  return lines;
}

std::string names_of(std::string_view letter) {
  return many_lines([&](std::size_t i, std::size_t bytes) {
    return fill(bytes - 6, letter) + number(i, 4) + ":v";
  });
}

// Each option of Connection names a field that is not there, and differs from all at its end alone.
std::string named_by_connection() {
  constexpr std::size_t kOptions = 60;
  constexpr std::size_t kBytes = kRoom / (kLines + kOptions) - 5;
  std::string options;
  for (std::size_t i = 0; i < kOptions; ++i) {
    options +=
        (i == 0 || i == kOptions / 2 ? "" : ",") + fill(kBytes - 4, "o") + number(i + 200, 4);
    options += i + 1 == kOptions / 2 ? "\r\nConnection: " : "";
  }
  std::string lines = "Connection: " + options + "\r\n";
  for (std::size_t i = 0; i < kLines - 2; ++i) {
    lines += fill(kBytes - 4, "o") + number(i, 4) + ":v\r\n";
  }
  return lines;
}

std::string placeholders_of(std::size_t count) {
  std::string all;
  for (std::size_t i = 1; i <= count; ++i) {
    all += placeholder_of(i);
  }
  return all;
}

std::string lines_of_secrets(std::size_t count) {
  return many_lines([all = placeholders_of(count)](std::size_t i, std::size_t bytes) {
    return "N" + number(i, 3) + ": " + fill(bytes - 6, all);
  });
}

Fields secrets_named() {
  constexpr std::size_t kCount = bindings::bounds::kSecretsNamedMax;
  return {"placeholders of as many secrets as may be named",
          lines_of_secrets(kCount),
          many_secrets(kCount),
          Reason::untargeted_location,
          false};
}

std::vector<Fields> kinds_of_fields() {
  const auto each_line = [](std::string_view name, std::string_view value) {
    return many_lines([&](std::size_t i, std::size_t bytes) {
      const std::string first = name.empty() ? "N" + number(i, 3) : std::string(name);
      return first + ": " + fill(bytes - first.size() - 2, value);
    });
  };
  std::vector<Fields> kinds = {
      {"letters", long_lines("X-A", "a")},
      {"bytes beyond ASCII", long_lines("X-A", "\xc3\xa4")},
      {"tabs", long_lines("X-A", "a\t")},
      {"spaces", long_lines("X-A", " ")},
      {"cookies", long_lines("Cookie", "a=b; c=d; ")},
      {"what placeholders end with", long_lines("X-A", "0")},
      {"almost the placeholder", long_lines("X-A", "kswp_PLACEHOLDER_0000000000000002")},
      {"the placeholder in each field", each_line("", kPlaceholder)},
      {"credentials twice",
       each_line("Authorization", kPlaceholder),
       with(),
       Reason::duplicate_credential_header},
      {"long names", names_of("n")},
      {"names of underscores", names_of("_")},
      {"names that Connection does not name", named_by_connection()},
      {"a long Connection",
       "Connection: " + fill(bounds::kRequestFieldBytesMax - 20, "c") + "\r\n"},
      {"empty options", long_lines("Connection", ","), with(), Reason::malformed_request},
      {"empty protocols", long_lines("Upgrade", ","), with(), Reason::malformed_request},
      {"expectations", long_lines("Expect", "100-continue,"), with(), Reason::expectation_failed},
      {"methods",
       long_lines("X-HTTP-Method", "A,"),
       with(", methods: [GET]"),
       Reason::binding_scope_violation},
      secrets_named(),
      {"placeholders of too many secrets",
       lines_of_secrets(1000),
       many_secrets(1000),
       Reason::ambiguous_placeholder_match,
       false},
  };
  for (const std::string_view value : {"n,", "ntl,", "nego3,", "negotiat", "\"\\,\"n"}) {
    kinds.push_back({"logins like " + std::string(value),
                     long_lines("Authorization", value),
                     with("", "X-Api-Key")});
  }
  return kinds;
}

// --- targets: paths that read in many ways, and queries ---

struct Target {
  std::string name;
  std::string text;
  bool reads_in_too_many_ways = false;
};

std::string parts() {
  std::string all;
  for (std::size_t i = 1; i <= kRules; ++i) {
    all += part(i);
  }
  return all + "/";
}

// A path that is another one after each of `levels` decodings.
std::string nested(std::size_t levels) {
  return "/%" + times(levels, "25") + "23";
}

// Ends in `end`; one of its readings ends before that.
Target path(std::string name, std::size_t bytes, std::string_view text, const std::string& end) {
  const std::string begin = "/%2523";
  return {std::move(name), begin + whole(bytes - begin.size() - end.size(), text) + end};
}

constexpr std::size_t kAll = bounds::kTargetBytesMax;
constexpr std::size_t kSome = 500;  // as many readings as there may be, of so many bytes each

Target too_many(Target target) {
  target.reads_in_too_many_ways = true;
  return target;
}

// Those that cost most; in one head with the worst fields, too.
std::vector<Target> worst_paths(const std::string& end) {
  return {path("cut fullwidth letters", kAll, "%ef%bc", end),
          path("overlong letters", kAll, "%c0%ae", end),
          path("dot segments", kAll, "/a/..", end),
          path("slashes", kAll, "/", end),
          path("almost parts", kAll, "/part", end)};
}

// The same as a whole URL, which is taken apart besides.
Target absolute(const Target& target) {
  constexpr std::string_view kOrigin = "https://api.example.test";
  return {target.name + ", absolute",
          std::string(kOrigin) + target.text.substr(0, kAll - kOrigin.size()),
          target.reads_in_too_many_ways};
}

std::vector<Target> kinds_of_paths(const std::string& end) {
  std::vector<Target> kinds = worst_paths(end);
  const std::vector<Target> others = {
      too_many({"thousands of encodings", nested(4000)}),
      {"nested encodings", nested(56) + fill(kSome - 64 - end.size(), "a") + end},
      path("letters", kAll, "a", end),
      path("dots, encoded", kAll, "/%2e", end),
      too_many(path("all kinds", kAll, "/%252f%5c;/%c0%ae/%ef%bc%8f./..", end)),
      too_many(path("all kinds, short", kSome, "/%252f%5c;/%c0%ae/%ef%bc%8f./..", end)),
      too_many(path("some kinds, short", kSome, "/%252e;x/./a/..//%5c", end)),
      too_many(path("parameters", kAll, ";/", end)),
      {"parents", "/%2523" + times(1500, "/a") + times(1500, "/..") + end},
      path("backslashes", kAll, "%5c", end),
      path("fullwidth letters", kAll, "%ef%bc%8f", end),
      path("overlong letters, encoded twice", kAll, "%25c0%25ae", end),
      path("UTF-8", kAll, "%c3%a4", end),
      {"spaces at the end", "/%2523" + end + whole(kAll - 200, "%20")},
  };
  kinds.insert(kinds.end(), others.begin(), others.end());
  return kinds;
}

std::vector<Target> kinds_of_queries() {
  const auto many = [](std::string_view text) {
    return whole(kAll - 20, text);
  };
  return {
      {"methods in the query", "/?" + many("_method=P&")},
      {"encoded methods in the query", "/?" + many("%5fmethod=P&")},
      {"deeply encoded methods in the query", "/?" + many("%2525255fmethod=P&")},
      {"almost methods in the query", "/?" + many("_metho%2565=P&") + "_method=P"},
      {"separators in the query", "/?" + many("&") + "_method=P"},
      {"methods in the path", "/%3f" + many("_method=P&")},
      {"encoded methods in the path", "/%3f" + many("_%256dethod=P&")},
  };
}

// --- both ---

Input head(const Fields& fields, const Target& target, std::string bindings, Reason expected) {
  const std::string_view header =
      bindings.find("X-Api-Key") == std::string::npos ? "Authorization" : "X-Api-Key";
  return {fields.name + "; " + target.name,
          std::move(bindings),
          "GET " + target.text + " HTTP/1.1\r\n" + std::string(kHost) +
              (fields.has_credential ? credential(header) : "") + fields.lines + "\r\n",
          expected};
}

// The same by a reverse route, on the listener.
Input by_route(const Fields& fields, const Target& target, const std::string& rules) {
  constexpr std::string_view kRoute = "/proxy/service";
  const Target below = {target.name + ", by a route",
                        std::string(kRoute) + target.text.substr(0, kAll - kRoute.size())};
  Input input =
      head(fields, below, with(", route: service" + rules), Reason::binding_scope_violation);
  input.entry = Core::Entry::listener;
  return input;
}

}  // namespace

Input ordinary() {
  return {"keep_alive",
          usual_bindings(),
          "GET / HTTP/1.1\r\nHost: api.example.test\r\nUser-Agent: loadgen\r\nAccept: */*\r\n" +
              credential() + "\r\n",
          Reason::binding_matched,
          Core::Entry::tunnel,
          "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 29 Nov 2026 10:00:00 GMT\r\n"
          "Content-Type: application/octet-stream\r\nContent-Length: 1024\r\n"
          "Connection: keep-alive\r\n\r\n" +
              std::string(1024, 'x')};
}

Input long_answer() {
  constexpr std::size_t kBytes = std::size_t{1024} * 1024;
  Input input = ordinary();
  input.name = "body";
  input.answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n" +
                 std::string(kBytes, 'x');
  return input;
}

Input long_answer_in_chunks() {
  Input input = ordinary();
  input.name = "body_in_chunks";
  input.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                 times(64, "4000\r\n" + std::string(0x4000, 'x') + "\r\n") + "0\r\n\r\n";
  return input;
}

std::vector<Input> worst_heads() {
  const Fields letters = {"letters", long_lines("X-A", "a")};
  const Fields zeros = {"what placeholders end with", long_lines("X-A", "0")};
  const Fields secrets = secrets_named();
  constexpr Reason kOutside = Reason::binding_scope_violation;
  std::vector<Input> inputs;
  for (const Fields& fields : kinds_of_fields()) {
    inputs.push_back(head(fields, {"no path", "/"}, fields.bindings, fields.expected));
  }
  // All rules that allow match each reading but one; none that blocks matches any.
  for (const Target& target : kinds_of_paths(parts())) {
    inputs.push_back(head(letters, target, with(path_rules(1, kRules)), kOutside));
  }
  for (const Target& target : kinds_of_paths(fill(parts().size(), "/part00"))) {
    const Reason expected =
        target.reads_in_too_many_ways ? Reason::endpoint_blocked : Reason::binding_matched;
    inputs.push_back(head(letters, target, with(blocking_rules(1, kRules)), expected));
    inputs.back().name += ", blocking rules";
  }
  for (const Target& target : kinds_of_queries()) {
    inputs.push_back(head(letters, target, with(", methods: [GET]"), kOutside));
  }
  // Far more rules than anybody has.
  for (const Target& target : kinds_of_paths(parts())) {
    if (target.reads_in_too_many_ways) {
      continue;
    }
    inputs.push_back(head(zeros, target, with(path_rules(1, kManyRules)), kOutside));
    inputs.back().name += ", many rules";
    inputs.push_back(
        head(zeros, target, with(blocking_rules(101, kManyRules)), Reason::endpoint_blocked));
    inputs.back().name += ", many blocking rules";
  }
  for (const Target& target : worst_paths(parts())) {
    inputs.push_back(head(secrets, absolute(target), secrets.bindings, secrets.expected));
    inputs.push_back(head(zeros, absolute(target), with(all_rules()), kOutside));
    inputs.push_back(head(zeros, absolute(target), with_signer(), Reason::untargeted_location));
    inputs.back().name += ", a signer";
    inputs.push_back(by_route(zeros, target, all_rules()));
    inputs.push_back(by_route(zeros, target, path_rules(1, kManyRules)));
    inputs.back().name += ", many rules";
  }
  return inputs;
}

}  // namespace keyswap::work
