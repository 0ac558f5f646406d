// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/oauth2_answer.h"

#include <string>
#include <utility>
#include <vector>

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

std::variant<TokenAnswer, Failed> read(int status, std::string_view body) {
  REQUIRE(lock_memory());
  CallAnswer answer;
  answer.status = status;
  answer.body = Secret::copy_of(body).value();
  answer.retry_after_ms = 3'000;
  return read_token_answer(std::move(answer));
}

TokenAnswer token_of(std::string_view body, int status = 200) {
  auto answer = read(status, body);
  INFO(body);
  REQUIRE(std::holds_alternative<TokenAnswer>(answer));
  return std::get<TokenAnswer>(std::move(answer));
}

Ending failure(int status, std::string_view body) {
  const auto answer = read(status, body);
  INFO(body);
  REQUIRE(std::holds_alternative<Failed>(answer));
  return ending(Step(std::get<Failed>(answer)));
}

}  // namespace

TEST_CASE("L01 an answer is read: the token, its life, and the refresh token for the next time") {
  const auto token =
      token_of(R"({"access_token":"ya29.a0","token_type":"Bearer","expires_in":3599,)"
               R"("refresh_token":"1//0new-one","scope":"x"})");
  CHECK(token.access.reveal() == "ya29.a0");
  CHECK(token.expires_in_s == 3599);
  CHECK(token.refresh->reveal() == "1//0new-one");
  CHECK(token.has_type);
}

TEST_CASE("L04 a life that is not said, is null, or is a number in quotes") {
  CHECK_FALSE(token_of(R"({"access_token":"a","token_type":"bearer"})").expires_in_s.has_value());
  CHECK_FALSE(token_of(R"({"access_token":"a","expires_in":null})").expires_in_s.has_value());
  CHECK(token_of(R"({"access_token":"a","expires_in":"3600"})").expires_in_s == 3600);
  for (const auto* const life :
       {"0", "-1", "1.5", "1e3", "\"\"", "\"1h\"", "true", "99999999999"}) {
    INFO(life);
    CHECK(failure(200, std::string(R"({"access_token":"a","expires_in":)") + life + "}") ==
          Ending{FetchFault::bad_answer, "malformed"});
  }
}

TEST_CASE("L12 a token is a bearer's, in any case; without a word of it, too; of no other kind") {
  CHECK(token_of(R"({"access_token":"a","token_type":"BEARER"})").has_type);
  CHECK_FALSE(token_of(R"({"access_token":"a"})").has_type);
  for (const auto* const type : {"\"mac\"", "\"DPoP\"", "null", "1", "\"\""}) {
    INFO(type);
    CHECK(failure(200, std::string(R"({"access_token":"a","token_type":)") + type + "}") ==
          Ending{FetchFault::bad_answer, "unsupported_token_type"});
  }
}

TEST_CASE("Slack says whose a token is in place of its type, and nobody else may") {
  CHECK(token_of(R"({"ok":true,"access_token":"xoxb-1","token_type":"bot"})").has_type);
  CHECK(token_of(R"({"ok":true,"access_token":"xoxp-1","token_type":"user"})").has_type);
  CHECK(failure(200, R"({"access_token":"xoxb-1","token_type":"bot"})").outcome ==
        "unsupported_token_type");
}

TEST_CASE("L05 an error is told by its code, and says who has to do something") {
  CHECK(failure(400, R"({"error":"invalid_grant","error_description":"revoked"})") ==
        Ending{FetchFault::needs_login, "token_endpoint_error:invalid_grant"});
  CHECK(failure(401, R"({"error":"invalid_client"})") ==
        Ending{FetchFault::auth_lost, "token_endpoint_error:invalid_client"});
  CHECK(failure(400, R"({"error":"invalid_scope"})") ==
        Ending{FetchFault::bad_answer, "token_endpoint_error:invalid_scope"});
}

TEST_CASE("GitHub and Slack say an error with status 200, also beside a token") {
  CHECK(failure(200, R"({"error":"bad_refresh_token","error_uri":"https://x"})") ==
        Ending{FetchFault::needs_login, "token_endpoint_error:bad_refresh_token"});
  CHECK(failure(200, R"({"ok":false,"error":"invalid_refresh_token"})") ==
        Ending{FetchFault::needs_login, "token_endpoint_error:invalid_refresh_token"});
  CHECK(failure(200, R"({"ok":false,"access_token":"a"})") ==
        Ending{FetchFault::bad_answer, "token_endpoint_error:other"});
  CHECK(failure(200, R"({"error":"invalid_grant","access_token":"a"})").fault ==
        FetchFault::needs_login);
  CHECK(token_of(R"({"ok":true,"access_token":"a"})").access.reveal() == "a");
}

TEST_CASE("L13 what a server says of an error goes nowhere: only codes that are known are told") {
  for (const auto& error : {std::string("\"sk-live-0123456789\""),
                            "\"" + std::string(5000, 'x') + "\"",
                            std::string("\"invalid_grant\\n\""),
                            std::string("{\"message\":\"bad\"}"),
                            std::string("17")}) {
    CHECK(failure(400, "{\"error\":" + error + "}") ==
          Ending{FetchFault::bad_answer, "token_endpoint_error:other"});
  }
}

TEST_CASE("any success is one: what it gives out is not thrown away", "[I13]") {
  for (const int status : {200, 201, 203, 299}) {
    INFO(status);
    CHECK(token_of(R"({"access_token":"a","refresh_token":"refresh-new1"})", status)
              .refresh->reveal() == "refresh-new1");
  }
  CHECK(failure(204, "") == Ending{FetchFault::bad_answer, "malformed"});
  CHECK(failure(101, R"({"access_token":"a"})").outcome == "token_endpoint_status:101");
}

TEST_CASE("L06 L10 a status without a code is told by its number; a redirect is not followed") {
  CHECK(failure(404, "<html>") == Ending{FetchFault::bad_answer, "token_endpoint_status:404"});
  CHECK(failure(401, "") == Ending{FetchFault::auth_lost, "token_endpoint_status:401"});
  CHECK(failure(302, R"({"access_token":"a"})") ==
        Ending{FetchFault::bad_answer, "token_endpoint_status:302"});
  for (const int status : {408, 429, 500, 503}) {
    const auto answer = read(status, R"({"error":"invalid_grant"})");
    CHECK(std::get<Failed>(answer).fault == FetchFault::unavailable);
    CHECK(std::get<Failed>(answer).retry_after_ms == 3'000);
  }
}

TEST_CASE("What is no answer is refused") {
  for (const auto& body : {std::string("<html>"),
                           std::string("{}"),
                           std::string("[]"),
                           std::string("access_token=a&token_type=bearer"),
                           std::string(R"({"access_token":1})"),
                           std::string(R"({"access_token":""})"),
                           std::string(R"({"access_token":"a b"})"),
                           std::string(R"({"access_token":"a\r\nX: y"})"),
                           std::string("{\"access_token\":\"\xc3\xa9\"}"),
                           std::string(R"({"access_token":"a","access_token":"b"})"),
                           R"({"access_token":")" + std::string(16 * 1024 + 1, 'a') + "\"}"}) {
    INFO(body.substr(0, 60));
    CHECK(failure(200, body) == Ending{FetchFault::bad_answer, "malformed"});
  }
}

TEST_CASE("L20 a refresh token that nobody could send is none, and is said to be malformed") {
  const auto with_refresh = [](const std::string& json) {
    return token_of(R"({"access_token":"a","refresh_token":)" + json + "}");
  };
  for (const auto& json : {std::string("\"1234567\""),
                           std::string("\"12345678\\n\""),
                           std::string("\"12345678\\u00e9\""),
                           "\"" + std::string(4097, 'r') + "\"",
                           std::string("17")}) {
    INFO(json.substr(0, 40));
    const auto token = with_refresh(json);
    CHECK(token.is_refresh_malformed);
    CHECK_FALSE(token.refresh.has_value());
  }
  for (const auto* const json : {"null", "\"\""}) {
    CHECK_FALSE(with_refresh(json).is_refresh_malformed);
  }
  CHECK(with_refresh("\"" + std::string(4096, 'r') + "\"").refresh.has_value());
}

TEST_CASE("An error of the call, or what is no answer to one, is told by words of ours") {
  REQUIRE(lock_memory());
  for (const auto& trouble : troubles()) {
    if (trouble.status == 0) {
      const auto answer = read_token_answer(trouble.error);
      CHECK(ending(Step(std::get<Failed>(answer))) == Ending{trouble.fault, trouble.outcome});
    }
  }
  CHECK(std::holds_alternative<Failed>(read_token_answer(Granted{})));
}

TEST_CASE("L05 an outcome says whether a person has to log in again") {
  CHECK(is_login_over(kInvalidGrant));
  CHECK(is_login_over("token_endpoint_error:token_revoked"));
  CHECK_FALSE(is_login_over(kInvalidClient));
  CHECK_FALSE(is_login_over("network"));
}

}  // namespace keyswap::vault
