// SPDX-License-Identifier: Apache-2.0
//
// keyswap demo: a home, an upstream, the proxy (this same binary, as `serve`) and a caller, all on
// loopback and thrown away at the end; says what each side saw, and fails if any saw what it should
// not.
#include <algorithm>
#include <array>
#include <csignal>

#include <unistd.h>

#include "audit/verify.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/audit_lines.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/demo_leaks.h"
#include "proxy/cli/demo_upstream.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/options.h"
#include "proxy/cli/playground.h"
#include "proxy/cli/unlock.h"
#include "proxy/tls/context.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kHost = "api.demo.test";
constexpr std::string_view kSecretName = "DEMO_API_KEY";
constexpr std::string_view kPlaceholder = "sk-demo-PLACEHOLDER-0123456789abcdef";
constexpr std::size_t kMessageBytesMax = std::size_t{64} * 1024;
constexpr mode_t kPrivateMode = 0600;

Failure cannot(const std::string& what) {
  return {Exit::cannot, "the demo cannot go on: " + what, "nothing is left behind; try again"};
}

Failure cannot(const std::string& what, const base::Error& error) {
  return cannot(what + ": " + explain(error));
}

bool is_decision(const std::string& record) {
  return record.find(R"("type":"inject_decision")") != std::string::npos;
}

bool is_on_record(const Home& home, const std::string& method, const std::string& path) {
  const std::string wanted = R"("method":")" + method + R"(","path":")" + path + "\"";
  return std::ranges::any_of(playground_records(home), [&](const std::string& record) {
    return is_decision(record) && record.find(wanted) != std::string::npos;
  });
}

// Everything of one demo; destroyed from the last to the first.
struct Demo {
  Playground playground{"demo"};
  Home home;
  LockedText key;  // the real key: random, and good nowhere
  std::unique_ptr<DemoUpstream> upstream;
  PlaygroundProxy proxy;
  std::vector<std::string> answers;  // everything that the caller received, in order
};

std::string bindings_text(const Demo& demo, const std::string& root_file) {
  const std::string host(kHost);
  return "version: 1\nsecrets:\n  " + std::string(kSecretName) + ":\n    placeholder: \"" +
         std::string(kPlaceholder) +
         "\"\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n    bindings:\n"
         "      - { host: " +
         host + ", methods: [POST], paths: [\"/v1/**\"] }\nupstream:\n  ca_file: \"" + root_file +
         "\"\n  resolve: { \"" + host +
         ":443\": \"127.0.0.1:" + std::to_string(demo.upstream->port()) + "\" }\n";
}

Problem start_upstream(Demo& demo) {
  const std::string root_file = demo.playground.path() + "/upstream-root.pem";
  auto root = UpstreamRoot::create(root_file);
  auto leaf = root ? root->leaf(std::string(kHost))
                   : base::Result<std::shared_ptr<const ca::Leaf>>(root.error());
  if (!leaf) {
    return cannot("no certificate for the upstream", leaf.error());
  }
  auto upstream = DemoUpstream::start(std::move(leaf).value(),
                                      {&demo.key,
                                       std::string(kPlaceholder),
                                       [home = demo.home](const auto& method, const auto& path) {
                                         return is_on_record(home, method, path);
                                       }});
  if (!upstream) {
    return cannot("no upstream", upstream.error());
  }
  demo.upstream = std::move(upstream).value();
  if (const auto written =
          write_file(demo.home.bindings(), bindings_text(demo, root_file), kPrivateMode);
      !written) {
    return cannot("no bindings", written.error());
  }
  return std::nullopt;
}

std::uint16_t port_of(const std::string& address) {
  unsigned port = 0;
  for (const char c : address.substr(address.rfind(':') + 1)) {
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return static_cast<std::uint16_t>(port);
}

// CONNECT, then TLS with keyswap's CA as a root: what any client with HTTPS_PROXY does.
base::Result<TlsStream> call_through_proxy(const Demo& demo) {
  auto socket = connect_loopback(port_of(demo.proxy.address));
  if (!socket) {
    return socket.error();
  }
  const std::string authority = std::string(kHost) + ":443";
  KS_TRY(write_all(socket->descriptor(),
                   "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n"));
  std::string answer;
  while (answer.find("\r\n\r\n") == std::string::npos && answer.size() < kMessageBytesMax) {
    char byte = 0;
    if (read(socket->descriptor(), &byte, 1) != 1) {
      return base::Error{base::Errc::closed, "the proxy closed the connection"};
    }
    answer += byte;
  }
  if (!answer.starts_with("HTTP/1.1 200")) {
    return base::Error{base::Errc::network, "the proxy refused CONNECT"};
  }
  auto context = tls::ClientContext::create({demo.home.ca()}, "");
  if (!context) {
    return context.error();
  }
  auto engine = tls::Engine::connect(*context, std::string(kHost), /*host_is_ip=*/false, nullptr);
  if (!engine) {
    return engine.error();
  }
  return TlsStream::open(std::move(*socket), std::move(*engine));
}

base::Result<std::string> ask(TlsStream& stream,
                              const std::string& request_line,
                              std::string_view body) {
  KS_TRY(stream.write(request_line + " HTTP/1.1\r\nHost: " + std::string(kHost) +
                      "\r\nAuthorization: Bearer " + std::string(kPlaceholder) +
                      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                      std::string(body)));
  base::Buffer answer(kMessageBytesMax);
  const auto whole = stream.read_message(answer);
  if (!whole) {
    return whole.error();
  }
  return std::string(answer.view());
}

void print_call(const std::string& request_line, const std::string& answer) {
  print_long_line("  " + request_line + "  (https://" + std::string(kHost) + ")");
  print_long_line("    sent      Authorization: Bearer " + std::string(kPlaceholder));
  const std::size_t body = answer.find("\r\n\r\n");
  print_long_line("    received  " + printable(answer.substr(0, answer.find("\r\n"))) + "  " +
                  (body == std::string::npos ? "" : printable(answer.substr(body + 4))));
}

Problem call(Demo& demo) {
  auto stream = call_through_proxy(demo);
  if (!stream) {
    return cannot("the caller did not get through", stream.error());
  }
  print_long_line("The caller, which holds only the placeholder:");
  const std::array<std::pair<std::string, std::string_view>, 2> requests = {
      {{"POST /v1/answers", R"({"question":"?"})"}, {"GET /admin", ""}}};
  for (const auto& [request_line, body] : requests) {
    auto answer = ask(*stream, request_line, body);
    if (!answer) {
      return cannot("the caller got no answer", answer.error());
    }
    print_call(request_line, *answer);
    demo.answers.push_back(std::move(*answer));
  }
  return std::nullopt;
}

std::string describe(const SeenRequest& seen) {
  switch (seen.credential) {
    case SeenRequest::Credential::real_key:
      return "the real key (not shown)";
    case SeenRequest::Credential::placeholder:
      return "the placeholder, inert: the binding allows POST /v1/** only";
    case SeenRequest::Credential::other:
      return "some other credential";
    case SeenRequest::Credential::none:
      break;
  }
  return "no credential";
}

void print_upstream(const std::vector<SeenRequest>& all) {
  print_long_line("\nThe upstream, which insists on the real key:");
  for (const SeenRequest& seen : all) {
    print_long_line("  " + printable(seen.line) + "  with " + describe(seen));
    print_long_line(seen.was_on_record ? "    its decision was on disk before it came"
                                       : "    its decision was NOT on disk when it came");
  }
}

// The decisions, as `keyswap audit show` has them; or every record, as it lies on the disk.
void print_records(const std::vector<std::string>& records, bool is_verbose) {
  print_long_line("\nThe audit log:");
  std::size_t others = 0;
  for (const std::string& record : records) {
    if (is_verbose) {
      print_line("  " + printable(record));
    } else if (is_decision(record)) {
      print_long_line("  " + format_record(record));
    } else {
      ++others;
    }
  }
  if (others > 0) {
    print_long_line(
        "  and " + std::to_string(others) +
        " records of the start, the answers and the end; keyswap demo --verbose shows all");
  }
}

struct Check {
  std::string what;
  bool is_good;
};

std::vector<Check> judge(const Demo& demo, bool stopped_well) {
  const auto seen = demo.upstream->seen();
  std::vector<std::string> needles = spellings(demo.key.view());
  const auto verdict = audit::verify(demo.home.audit(), {});
  const bool is_complete = seen.size() == 2 && demo.answers.size() == 2;
  using Credential = SeenRequest::Credential;
  std::vector<Check> checks = {
      {"the upstream received the real key where the binding allows it",
       is_complete && seen[0].credential == Credential::real_key &&
           demo.answers[0].starts_with("HTTP/1.1 200")},
      {"elsewhere it received the placeholder as it is",
       is_complete && seen[1].credential == Credential::placeholder &&
           demo.answers[1].starts_with("HTTP/1.1 401")},
      {"each decision was on disk before its request left",
       is_complete && std::ranges::all_of(seen, &SeenRequest::was_on_record)},
      {"the caller never received the key",
       std::ranges::none_of(demo.answers,
                            [&](const auto& text) { return holds_any(text, needles); })},
      {"no file of the home holds the key (as it is, in hex, in base64)",
       !is_in_files(demo.playground.path(), needles)},
      {"the audit log is intact", verdict && verdict->is_intact},
      {"the proxy ended in good order", stopped_well},
  };
  std::ranges::for_each(needles,
                        [](std::string& needle) { base::wipe(needle.data(), needle.size()); });
  return checks;
}

int print_checks(const std::vector<Check>& checks) {
  print_long_line("\nChecks:");
  for (const Check& check : checks) {
    print_long_line((check.is_good ? "  ok      " : "  FAILED  ") + check.what);
  }
  if (std::ranges::all_of(checks, &Check::is_good)) {
    print_long_line("\nAll good. A home of your own: keyswap init");
    return static_cast<int>(Exit::done);
  }
  return report({Exit::no,
                 "somebody saw what they should not, or something was missing",
                 "see the checks above; please report this"});
}

Problem prepare(Demo& demo, const sigset_t& signal_mask) {
  if (!demo.playground.is_made()) {
    return cannot("no temporary folder");
  }
  demo.home = demo.playground.home();
  auto key = make_random_key();
  if (!key) {
    return key.failure();
  }
  demo.key = std::move(key).value();
  if (auto problem = make_playground_home(demo.home, kSecretName, demo.key.view())) {
    return problem;
  }
  if (auto problem = start_upstream(demo)) {
    return problem;
  }
  auto proxy = start_playground_proxy(demo.home, signal_mask, ProxyStderr::shown);
  if (!proxy) {
    return proxy.failure();
  }
  demo.proxy = std::move(proxy).value();
  return std::nullopt;
}

int play(const sigset_t& signal_mask, bool is_verbose) {
  Demo demo;
  Problem problem = prepare(demo, signal_mask);
  if (!problem) {
    print_long_line("keyswap demo: all of it on loopback, in " + printable(demo.playground.path()) +
                    ", which goes away at the end.\n");
    problem = call(demo);
  }
  const bool stopped_well = stop_playground_proxy(demo.proxy);
  if (problem) {
    return report(*problem);
  }
  print_upstream(demo.upstream->seen());
  print_records(playground_records(demo.home), is_verbose);
  return print_checks(judge(demo, stopped_well));
}

}  // namespace

int run_demo(const Arguments& arguments) {
  CommandLine app(
      "Shows the whole thing on loopback: a vault, a CA, an audit log, an upstream that insists on "
      "the real\n"
      "key, the proxy, and a caller that holds only the placeholder. Nothing is left behind. Exit "
      "status 0\n"
      "if everybody saw what they should.",
      "keyswap demo");
  bool is_verbose = false;
  app.add_flag("--verbose", is_verbose, "show every record of the audit log, as it lies there");
  if (const auto status = parse_arguments(app, arguments, "keyswap demo")) {
    return *status;
  }
  if (auto problem = begin_guarded()) {
    return report(*problem);
  }
  if (const auto started = tls::start_library(); !started) {
    return report(cannot("TLS does not start", started.error()));
  }
  const HeldInterrupts held;
  return play(held.before(), is_verbose);
}

}  // namespace keyswap::cli
