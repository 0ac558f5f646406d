// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/services/front_page.h"
#include "proxy/services/health.h"
#include "proxy/services/refusals.h"

namespace keyswap::test {

namespace {

std::string field_of(const flow::Reply& reply, std::string_view name) {
  for (const http::OutgoingField& field : reply.head.fields) {
    if (field.name == name) {
      return std::string(field.value);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("health is 200 while requests are served, and 503 with the reason while none is") {
  std::optional<audit::Reason> failing;
  bool refuses_policy = false;
  const services::Health health([&] { return failing; }, [&] { return refuses_policy; });
  const http::RequestHead head;
  const flow::Reply well = health.answer(head, "");
  CHECK(well.head.status == 200);
  CHECK(well.head.keeps_connection);
  CHECK(well.body.find("unapproved") == std::string::npos);
  refuses_policy = true;  // what was approved before is served
  CHECK(health.answer(head, "").head.status == 200);
  CHECK(health.answer(head, "").body.find("unapproved") != std::string::npos);
  failing = audit::Reason::audit_unavailable;
  const flow::Reply ill = health.answer(head, "");
  CHECK(ill.head.status == 503);
  CHECK(ill.body.find("audit_unavailable") != std::string::npos);
}

TEST_CASE("health does not keep a connection whose request has a body, or that is not kept") {
  const services::Health health([] { return std::nullopt; }, [] { return false; });
  http::RequestHead with_body;
  with_body.framing = {http::Framing::Kind::length, 5};
  CHECK_FALSE(health.answer(with_body, "").head.keeps_connection);
  http::RequestHead closing;
  closing.keeps_alive = false;
  CHECK_FALSE(health.answer(closing, "").head.keeps_connection);
}

TEST_CASE("the front page says what to set") {
  const services::FrontPage page("127.0.0.1:9");
  http::RequestHead head;
  head.method = "GET";
  const flow::Reply shown = page.answer(head, "");
  CHECK(shown.head.status == 200);
  CHECK(shown.head.keeps_connection);
  CHECK(shown.body.find("HTTPS_PROXY=http://127.0.0.1:9\n") != std::string::npos);
  // Where no program can come as to its proxy, no address is made up.
  const flow::Reply by_socket = services::FrontPage("").answer(head, "");
  CHECK(by_socket.body.find("HTTPS_PROXY") == std::string::npos);
  CHECK(by_socket.body.find("Unix sockets") != std::string::npos);
}

TEST_CASE("a refusal names its reason and the request, and ends the connection") {
  const services::Refusals refusals(audit::Reason::too_busy, "0123456789abcdef01234567");
  const flow::Reply reply = refusals.answer({}, "");
  CHECK(reply.head.status == 503);
  CHECK_FALSE(reply.head.keeps_connection);
  CHECK(field_of(reply, "Keyswap-Reason") == "too_busy");
  CHECK(reply.body.find("0123456789abcdef01234567") != std::string::npos);
}

}  // namespace keyswap::test
