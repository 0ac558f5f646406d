// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/operations.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

#include "proxy/flow/web_page.h"
#include "proxy/http/target.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

constexpr std::string_view kPath = "/.well-known/keyswap/operations/";
constexpr std::string_view kTokenParameter = "t=";
constexpr std::int64_t kUsPerSecond = 1'000'000;

// "2026-11-22T02:25:09Z"
std::string text_of_time(std::int64_t us) {
  const auto seconds = static_cast<std::time_t>(us / kUsPerSecond);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) {
    return "";
  }
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

// Of ids and tokens, which are all that goes into an answer of ours.
bool is_plain(std::string_view text) {
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!is_letter) {
      return false;
    }
  }
  return !text.empty();
}

std::string body_of(const OperationView& operation, std::string_view url) {
  const bool is_open = !operation.is_terminal && !operation.may_be_sent;
  std::string body = R"({"operation_id":")" + operation.id + R"(","state":")";
  body.append(operation.state).append(R"(","terminal":)");
  body.append(operation.is_terminal ? "true" : "false").append(R"(,"status_url":")");
  body.append(url).append(R"(","poll_operation_status":)").append(is_open ? "true" : "false");
  body.append(R"(,"retry_original_request":)").append(operation.may_be_sent ? "true" : "false");
  body.append(R"(,"expires_at":")").append(text_of_time(operation.expires_us));
  if (operation.retry_expires_us > 0) {
    body.append(R"(","retry_expires_at":")").append(text_of_time(operation.retry_expires_us));
  }
  return body.append("\"}\n");
}

}  // namespace

std::optional<Reason> check_operation_path(const http::RequestHead& head,
                                           std::string_view target,
                                           const bindings::Bindings& bindings) {
  if (!target.starts_with(kPath)) {
    return std::nullopt;
  }
  if (head.method != "GET" && head.method != "HEAD") {
    return Reason::method_not_supported;
  }
  const auto refusal = check_page_fields(head, bindings);
  return refusal ? refusal : Reason::approval_pending;
}

std::optional<OperationView> find_operation(const Operations* operations,
                                            std::string_view target,
                                            std::string_view caller) {
  if (operations == nullptr || !target.starts_with(kPath)) {
    return std::nullopt;
  }
  target.remove_prefix(kPath.size());
  const std::size_t query = target.find('?');
  if (query == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view id = target.substr(0, query);
  std::string_view token = target.substr(query + 1);
  if (!token.starts_with(kTokenParameter)) {
    return std::nullopt;
  }
  token.remove_prefix(kTokenParameter.size());
  return is_plain(id) && is_plain(token) ? operations->find(id, token, caller) : std::nullopt;
}

std::string status_url(const OperationView& operation, std::string_view origin) {
  std::string url(origin);
  url.append(kPath).append(operation.id).append("?").append(kTokenParameter);
  return url.append(operation.token);
}

Reply reply_with_operation(const OperationView& operation, std::string_view url, AnswerFor what) {
  Reply reply = make_answer("application/json", body_of(operation, url));
  if (what == AnswerFor::request) {
    reply.head.status = 202;
    reply.head.reason = "Accepted";
    reply.head.fields.add_made("Location", std::string(url));
  }
  if (!operation.is_terminal && !operation.may_be_sent) {
    reply.head.fields.add({"Retry-After", "5"});
  }
  reply.head.fields.add({"Keyswap-Reason", audit::to_string(Reason::approval_pending)});
  return reply;
}

}  // namespace keyswap::flow
