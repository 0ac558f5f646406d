// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_client.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/outgoing/loopback.h"
#include "vault/arena.h"

namespace keyswap {
namespace {

using base::Errc;
using test::call_to;
using test::Caller;
using test::http_answer;
using test::LoopbackServer;
using test::pki;

constexpr const char* kHost = "localhost";  // ::1 and 127.0.0.1, whatever the machine's files say

vault::CallAnswer answered(vault::Answer answer) {
  if (const auto* error = std::get_if<base::Error>(&answer)) {
    FAIL(error->note.text());
  }
  return std::get<vault::CallAnswer>(std::move(answer));
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST_CASE("M10 a call sends its fields and its body, over the address that answers") {
  const LoopbackServer server(
      pki().server(kHost),
      {{http_answer("200 OK",
                    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 7\r\n",
                    R"({"token":"t"})")}});
  vault::Call call = call_to(server.url(kHost, "/a/../token?x=1"), "POST");
  call.fields.push_back({"Authorization", test::secret_of("Bearer sesame")});
  call.fields.push_back({"Content-Type", std::string("application/json")});
  call.fields.push_back({"X-Empty", std::string()});
  call.body = test::secret_of("{\"grant\":\"g\"}");
  Caller caller;
  const auto answer = answered(caller.call(call));
  CHECK(answer.status == 200);
  CHECK(answer.body.reveal() == R"({"token":"t"})");
  CHECK(answer.retry_after_ms == 7000);
  CHECK(answer.date_s == 784111777);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 1);
  const std::string& request = requests.front();
  CHECK(request.starts_with("POST /a/../token?x=1 HTTP/1.1\r\n"));
  CHECK(count_of(request, "\r\nHost: localhost:" + std::to_string(server.port()) + "\r\n") == 1);
  CHECK(count_of(request, "\r\nAuthorization: Bearer sesame\r\n") == 1);
  CHECK(count_of(request, "\r\nContent-Type: application/json\r\n") == 1);
  CHECK(count_of(request, "\r\nX-Empty:\r\n") == 1);
  CHECK(count_of(request, "\r\nUser-Agent: keyswap/") == 1);
  CHECK(count_of(request, "\r\nAccept") == 0);
  CHECK(count_of(request, "\r\nExpect") == 0);
  CHECK(request.ends_with("\r\n\r\n{\"grant\":\"g\"}"));
}

TEST_CASE("a GET without a body says nothing of one") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("204 No Content", "", "")}});
  Caller caller;
  const auto answer = answered(caller.call(call_to(server.url(kHost))));
  CHECK(answer.status == 204);
  CHECK(answer.body.size() == 0);
  CHECK(count_of(server.requests().at(0), "Content-") == 0);
}

TEST_CASE("M12 who does not prove to be the host of the URL is told nothing [I4]", "[I4]") {
  const auto past = [] {
    test::Spec spec{.common_name = kHost, .extensions = test::for_server("DNS:localhost")};
    spec.from_s = -7200;
    spec.until_s = -3600;
    return test::weak_server_context(test::make_identity(spec, &pki().root));
  };
  const auto of_others = [] {
    return test::weak_server_context(test::make_server(test::make_root("Others"), kHost));
  };
  const auto of_old_tls = [] {
    auto context = pki().server(kHost);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
    return context;
  };
  // The common name does not count, nor does an address that the name has.
  const auto by_common_name = [] {
    const test::Spec spec{.common_name = kHost, .extensions = test::for_server("DNS:other.test")};
    return test::weak_server_context(test::make_identity(spec, &pki().root));
  };
  const std::vector<test::ContextPointer> servers = {pki().server("other.test"),
                                                     past(),
                                                     of_others(),
                                                     of_old_tls(),
                                                     by_common_name(),
                                                     pki().server("*.localhost")};
  Caller caller;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    INFO(i);
    const LoopbackServer server(servers[i], {{http_answer("200 OK", "", "x")}});
    vault::Call call = call_to(server.url(kHost), "POST");
    call.body = test::secret_of("sesame");
    CHECK(caller.error(call) == Errc::tls);
    CHECK(server.requests().empty());
  }
}

TEST_CASE("M12 a literal address is in the certificate as an address [I4]", "[I4]") {
  const test::Spec spec{.common_name = "x", .extensions = test::for_server("IP:127.0.0.1")};
  const LoopbackServer good(test::weak_server_context(test::make_identity(spec, &pki().root)),
                            {{http_answer("200 OK", "", "x")}});
  const LoopbackServer bad(pki().server(kHost), {{http_answer("200 OK", "", "x")}});
  Caller caller;
  CHECK(answered(caller.call(call_to(good.url("127.0.0.1")))).status == 200);
  CHECK(caller.error(call_to(bad.url("127.0.0.1"))) == Errc::tls);
}

TEST_CASE(
    "each call is verified by the roots of its own policy, and changes no policy's [I4] [I14]",
    "[I4][I14]") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "x")}});
  const auto others = test::trusting({test::make_root("Others")});
  const auto flags_of = [](const tls::ClientContext& context) {
    return X509_VERIFY_PARAM_get_flags(
        X509_STORE_get0_param(SSL_CTX_get_cert_store(context.context())));
  };
  const auto before = flags_of(*pki().trusted);
  Caller caller;
  auto policy = test::loopback_policy();
  CHECK(answered(caller.call(call_to(server.url(kHost)), policy)).status == 200);
  policy.tls = others;
  CHECK(caller.error(call_to(server.url(kHost)), policy) == Errc::tls);
  policy.tls = pki().trusted;
  CHECK(answered(caller.call(call_to(server.url(kHost)), policy)).status == 200);
  CHECK((flags_of(*pki().trusted) & X509_V_FLAG_PARTIAL_CHAIN) == 0);
  CHECK((flags_of(*others) & X509_V_FLAG_PARTIAL_CHAIN) == 0);
  CHECK((before & X509_V_FLAG_PARTIAL_CHAIN) == 0);
}

TEST_CASE("L10 a redirect is an answer, and nobody goes there") {
  const LoopbackServer other(pki().server(kHost), {{http_answer("200 OK", "", "x")}});
  const LoopbackServer server(
      pki().server(kHost),
      {{http_answer("302 Found", "Location: " + other.url(kHost) + "\r\n", "")}});
  Caller caller;
  CHECK(answered(caller.call(call_to(server.url(kHost)))).status == 302);
  CHECK(server.requests().size() == 1);
  CHECK(other.connections() == 0);
}

TEST_CASE("L14 an answer past its bound is not read, whether it says its length or not") {
  const std::string endless(4096, 'x');
  const std::vector<std::string> answers = {
      http_answer("200 OK", "", endless),
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + endless,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" + endless + "\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(base::bounds::kCallHeadBytesMax, 'x') + "\r\n\r\n"};
  Caller caller;
  for (const std::string& bytes : answers) {
    INFO(bytes.substr(0, 60));
    const LoopbackServer server(pki().server(kHost), {{bytes}});
    vault::Call call = call_to(server.url(kHost));
    call.answer_bytes_max = 4095;
    CHECK(caller.error(call) == Errc::limit_exceeded);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("L07 a 5xx is asked once more, and what comes then counts") {
  const LoopbackServer server(
      pki().server(kHost),
      {{http_answer("503 Service Unavailable", "", "no")}, {http_answer("200 OK", "", "yes")}});
  Caller caller;
  vault::Call call = call_to(server.url(kHost), "POST");
  call.body = test::secret_of("b");
  const auto answer = answered(caller.call(call));
  CHECK(answer.body.reveal() == "yes");
  CHECK(server.requests().size() == 2);
  CHECK(server.requests().at(0) == server.requests().at(1));
}

TEST_CASE("a 429, a 4xx and a 5xx that says when are told as they are") {
  const std::vector<std::pair<std::string, int>> answers = {
      {http_answer("429 Too Many Requests", "Retry-After: 30\r\n", "{}"), 429},
      {http_answer("400 Bad Request", "", "{}"), 400},
      {http_answer("503 Service Unavailable", "retry-after: 9\r\n", "{}"), 503}};
  Caller caller;
  for (const auto& [bytes, status] : answers) {
    INFO(status);
    const LoopbackServer server(pki().server(kHost), {{bytes}});
    CHECK(answered(caller.call(call_to(server.url(kHost)))).status == status);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("what breaks off or is no HTTP is asked once more, then given up") {
  const std::vector<std::string> answers = {
      "", "not HTTP at all\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"};
  Caller caller;
  for (const std::string& bytes : answers) {
    INFO(bytes);
    const LoopbackServer server(pki().server(kHost), {{bytes}});
    CHECK(caller.error(call_to(server.url(kHost))) == Errc::network);
    CHECK(server.connections() == 2);
  }
}

TEST_CASE("what is good once is not sent again where it may have been taken [I13]", "[I13]") {
  const auto answer_then_good = [](const std::string& bytes) {
    return std::vector<LoopbackServer::Answer>{{bytes}, {http_answer("200 OK", "", "late")}};
  };
  const auto spending_to = [](const LoopbackServer& server) {
    vault::Call call = call_to(server.url(kHost), "POST");
    call.body = test::secret_of("refresh_token=sesame");
    call.is_spending = true;
    return call;
  };
  Caller caller;
  for (const std::string& bytes :
       {std::string(), std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")}) {
    INFO(bytes);
    const LoopbackServer server(pki().server(kHost), answer_then_good(bytes));
    CHECK(caller.error(spending_to(server)) == Errc::network);
    CHECK(server.connections() == 1);
  }
  for (const auto* const status : {"502 Bad Gateway", "504 Gateway Timeout"}) {
    INFO(status);
    const LoopbackServer server(pki().server(kHost), answer_then_good(http_answer(status, "", "")));
    CHECK(answered(caller.call(spending_to(server))).body.size() == 0);
    CHECK(server.connections() == 1);
  }
  // Who answers that it failed has not taken it.
  const LoopbackServer failing(pki().server(kHost),
                               answer_then_good(http_answer("500 Internal Server Error", "", "")));
  CHECK(answered(caller.call(spending_to(failing))).body.reveal() == "late");
  CHECK(failing.connections() == 2);
}

TEST_CASE("a body that stalls ends with the call's time") {
  const LoopbackServer server(pki().server(kHost),
                              {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", true}});
  Caller caller;
  CHECK(caller.error(call_to(server.url(kHost)), test::loopback_policy(), 300) == Errc::timed_out);
}

TEST_CASE("M06 an address that is not allowed is not dialled [I12]", "[I12]") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "x")}});
  auto policy = test::loopback_policy();
  Caller caller;
  policy.allowed = {{"::1", 128}};  // but localhost is 127.0.0.1, too
  CHECK(caller.error(call_to(server.url(kHost)), policy) == Errc::permission);
  policy.allowed.clear();
  CHECK(caller.error(call_to(server.url("127.0.0.1")), policy) == Errc::permission);
  CHECK(server.connections() == 0);
}

TEST_CASE("a call does not come back to a listener of ours [I12]", "[I12]") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "x")}});
  Caller caller([&](const uv::Endpoint& endpoint) { return endpoint.port == server.port(); });
  CHECK(caller.error(call_to(server.url(kHost))) == Errc::permission);
  CHECK(server.connections() == 0);
}

TEST_CASE("upstream.resolve leads a call, and the name stays what is proven [I12] [I4]",
          "[I12][I4]") {
  const LoopbackServer server(pki().server("vault.corp.test"), {{http_answer("200 OK", "", "x")}});
  auto bindings = std::make_shared<bindings::Bindings>();
  bindings->upstream.resolve["vault.corp.test:443"] = {
      "127.0.0.1", server.port(), http::HostKind::ipv4};
  auto policy = test::loopback_policy();
  policy.allowed.clear();
  policy.bindings = bindings;
  Caller caller;
  CHECK(answered(caller.call(call_to("https://vault.corp.test/v1"), policy)).status == 200);
  CHECK(count_of(server.requests().at(0), "\r\nHost: vault.corp.test\r\n") == 1);
}

TEST_CASE("M13 http is spoken to this machine alone") {
  const LoopbackServer server(nullptr, {{http_answer("200 OK", "", "x")}});
  Caller caller;
  CHECK(answered(caller.call(call_to(server.url("127.0.0.1")))).status == 200);
  CHECK(caller.error(call_to(server.url(kHost))) == Errc::invalid_input);
  CHECK(server.connections() == 1);
}

TEST_CASE("what could not be one line of a head is not sent [I15]", "[I15]") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "x")}});
  Caller caller;
  for (const std::string_view value :
       {std::string_view("a\r\nB: c"), std::string_view("a\nb"), std::string_view("a\0b", 3)}) {
    vault::Call call = call_to(server.url(kHost));
    call.fields.push_back({"Authorization", test::secret_of(value)});
    CHECK(caller.error(call) == Errc::invalid_input);
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("a call that is dropped tells nothing, in whatever it was") {
  const LoopbackServer server(pki().server(kHost),
                              {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", true}});
  Caller caller;
  for (const std::int64_t after_ms : {1, 5, 50}) {
    auto call = std::make_unique<outgoing::OutgoingCall>(
        caller.client(),
        test::loopback_policy(),
        call_to(server.url(kHost)),
        10'000,
        [](const vault::Answer& /*answer*/) { FAIL("nobody asked any more"); });
    uv::Timer drop(caller.loop(), [&] { call.reset(); });
    uv::Timer end(caller.loop(), [&] { caller.loop().stop(); });
    drop.set(after_ms);
    end.set(after_ms + 50);
    caller.loop().run();
  }
}

TEST_CASE("one that is told may drop the others") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "x")}});
  Caller caller;
  std::vector<std::unique_ptr<outgoing::OutgoingCall>> calls;
  int told = 0;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(std::make_unique<outgoing::OutgoingCall>(caller.client(),
                                                             test::loopback_policy(),
                                                             call_to(server.url(kHost)),
                                                             10'000,
                                                             [&](const vault::Answer& /*answer*/) {
                                                               ++told;
                                                               calls.clear();
                                                               caller.loop().stop();
                                                             }));
  }
  caller.loop().run();
  CHECK(told == 1);
}

TEST_CASE("what a call needs of locked memory is given back, and without any it fails [I1]",
          "[I1]") {
  const LoopbackServer server(pki().server(kHost),
                              {{http_answer("200 OK", "", std::string(100'000, 'x'))}});
  Caller caller;
  REQUIRE(answered(caller.call(call_to(server.url(kHost)))).status == 200);
  const std::size_t before = vault::arena::free_bytes();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(answered(caller.call(call_to(server.url(kHost)))).body.size() == 100'000);
  }
  CHECK(vault::arena::free_bytes() + 16 * 1024 >= before);  // names that are remembered
  std::vector<vault::LockedBytes> all;
  for (std::size_t size = std::size_t{1024} * 1024; size >= 64; size /= 2) {
    for (auto bytes = vault::LockedBytes::of_size(size); bytes;
         bytes = vault::LockedBytes::of_size(size)) {
      all.push_back(std::move(*bytes));
    }
  }
  CHECK(caller.error(call_to(server.url(kHost))) == Errc::unavailable);
  all.clear();
  CHECK(answered(caller.call(call_to(server.url(kHost)))).status == 200);
}

TEST_CASE("the keys of a call's TLS are written nowhere, whatever the environment says [I1]",
          "[I1]") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "x")}});
  Caller caller;
  REQUIRE(answered(caller.call(call_to(server.url(kHost)))).status == 200);
  CHECK(std::filesystem::file_size(test::astray()) == 0);
}

}  // namespace
}  // namespace keyswap
