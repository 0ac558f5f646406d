// SPDX-License-Identifier: Apache-2.0
//
// The rules alone; how they work with the bytes is in vectors_test.
#include "proxy/http/message_rules.h"

#include <catch2/catch.hpp>

namespace keyswap::http {

namespace {

RequestHead request(std::string_view method, std::initializer_list<Field> fields) {
  RequestHead head;
  head.method = method;
  head.target = "/";
  for (const Field& field : fields) {
    head.fields.add(field.name, field.value);
  }
  return head;
}

ResponseHead response(int status, std::initializer_list<Field> fields) {
  ResponseHead head;
  head.status = status;
  for (const Field& field : fields) {
    head.fields.add(field.name, field.value);
  }
  return head;
}

}  // namespace

TEST_CASE("the framing of a request follows from its fields", "[I9]") {
  RequestHead none = request("GET", {{"Host", "h"}});
  REQUIRE(judge_request(none));
  CHECK(none.framing.kind == Framing::Kind::none);
  RequestHead length = request("POST", {{"Host", "h"}, {"Content-Length", "12"}});
  REQUIRE(judge_request(length));
  CHECK(length.framing.kind == Framing::Kind::length);
  CHECK(length.framing.length == 12);
  RequestHead chunked = request("POST", {{"Host", "h"}, {"Transfer-Encoding", "Chunked"}});
  REQUIRE(judge_request(chunked));
  CHECK(chunked.framing.kind == Framing::Kind::chunked);
}

TEST_CASE("C21 both Content-Length and Transfer-Encoding are refused, llhttp or not", "[I9]") {
  RequestHead head =
      request("POST", {{"Host", "h"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}});
  CHECK_FALSE(judge_request(head));
}

TEST_CASE("HF-01 the rules refuse by themselves what llhttp refuses too", "[I9]") {
  const char* value = GENERATE("",
                               "+1",
                               "-1",
                               "01",
                               "1,1",
                               "1 1",
                               "0x1",
                               "9223372036854775808",
                               "99999999999999999999",
                               "1\t",
                               "a");
  INFO(value);
  RequestHead head = request("POST", {{"Host", "h"}, {"Content-Length", value}});
  CHECK_FALSE(judge_request(head));
  RequestHead twice =
      request("POST", {{"Host", "h"}, {"Content-Length", "1"}, {"content-length", "1"}});
  CHECK_FALSE(judge_request(twice));
}

TEST_CASE("HF-02 the rules refuse by themselves every coding but chunked alone", "[I9]") {
  const char* value = GENERATE("",
                               "identity",
                               "gzip",
                               "chunked, chunked",
                               "gzip, chunked",
                               "chunked,",
                               ",chunked",
                               "chunked;a=b",
                               "\"chunked\"",
                               "chunke");
  INFO(value);
  RequestHead head = request("POST", {{"Host", "h"}, {"Transfer-Encoding", value}});
  CHECK_FALSE(judge_request(head));
}

TEST_CASE("names that resemble framing fields are refused", "[I9]") {
  const char* name =
      GENERATE("Content_Length", "content_length", "Transfer_Encoding", "TRANSFER_encoding");
  RequestHead head = request("GET", {{"Host", "h"}, {name, "1"}});
  CHECK_FALSE(judge_request(head));
  RequestHead other = request("GET", {{"Host", "h"}, {"api_key", "1"}, {"content_lengths", "1"}});
  CHECK(judge_request(other));
}

TEST_CASE("what a response answers decides whether it has a body", "[I9]") {
  ResponseHead head = response(200, {{"Content-Length", "5"}});
  REQUIRE(judge_response(head, AnswerTo::head_request));
  CHECK(head.framing.kind == Framing::Kind::none);
  CHECK(head.keeps_alive);
  REQUIRE(judge_response(head, AnswerTo::other));
  CHECK(head.framing.kind == Framing::Kind::length);
  const int bodiless = GENERATE(100, 102, 103, 199, 204, 304);
  ResponseHead none = response(bodiless, {{"Content-Length", "5"}});
  REQUIRE(judge_response(none, AnswerTo::other));
  CHECK(none.framing.kind == Framing::Kind::none);
}

TEST_CASE("a response without framing lasts until the close and does not keep the connection") {
  ResponseHead head = response(200, {});
  REQUIRE(judge_response(head, AnswerTo::other));
  CHECK(head.framing.kind == Framing::Kind::until_close);
  CHECK_FALSE(head.keeps_alive);
}

TEST_CASE("HP-12 a switch of protocols is refused where nobody asked for an upgrade", "[I9]") {
  ResponseHead head = response(101, {{"Upgrade", "websocket"}, {"Connection", "upgrade"}});
  CHECK_FALSE(judge_response(head, AnswerTo::other));
  CHECK_FALSE(judge_response(head, AnswerTo::head_request));
}

TEST_CASE("HP-12 a switch of protocols that was asked for is the last message of its connection",
          "[I9]") {
  ResponseHead head = response(101, {{"Upgrade", "websocket"}, {"Connection", "upgrade"}});
  REQUIRE(judge_response(head, AnswerTo::upgrade_request));
  CHECK(head.framing.kind == Framing::Kind::none);
  CHECK_FALSE(head.keeps_alive);
  CHECK_FALSE(head.is_interim());
}

TEST_CASE("HP-12 a switch of protocols has no framing of a body", "[I9]") {
  const char* length = GENERATE("0", "5", "x");
  ResponseHead with_length = response(101, {{"Content-Length", length}});
  CHECK_FALSE(judge_response(with_length, AnswerTo::upgrade_request));
  ResponseHead chunked = response(101, {{"Transfer-Encoding", "chunked"}});
  CHECK_FALSE(judge_response(chunked, AnswerTo::upgrade_request));
}

TEST_CASE("HP-12 what declines an upgrade is a response like any other", "[I9]") {
  ResponseHead head = response(400, {{"Content-Length", "5"}});
  REQUIRE(judge_response(head, AnswerTo::upgrade_request));
  CHECK(head.framing.kind == Framing::Kind::length);
  CHECK(head.keeps_alive);
}

}  // namespace keyswap::http
