// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/approval_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "proxy/base/utf8.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"

namespace keyswap::cli {

namespace {

using approvals::Operation;
using approvals::State;

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::size_t kShownBytesMax = std::size_t{64} * 1024;

std::string number_of(std::uint32_t code) {
  std::array<char, 16> text{};
  const int size = std::snprintf(text.data(), text.size(), "\\u%04X", code);
  return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::int64_t seconds_left(std::int64_t until_us, std::int64_t now_us) {
  return std::max<std::int64_t>((until_us - now_us + kUsPerSecond - 1) / kUsPerSecond, 0);
}

std::string caller_of(const Operation& operation) {
  return operation.caller.empty() ? "-" : readable(operation.caller);
}

}  // namespace

std::string shown_request(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const base::Utf8Character character = base::read_utf8(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(character.bytes, 1));
    std::string as_text = readable(bytes);
    if (bytes == "\n") {
      shown += bytes;
    } else if (character.bytes > 0 && as_text != bytes) {
      shown += number_of(static_cast<std::uint32_t>(character.code));
    } else {
      shown += as_text;
    }
    text.remove_prefix(bytes.size());
  }
  return shown;
}

std::string describe_state(const Operation& operation, std::int64_t now_us) {
  const Operation now = approvals::at(operation, now_us);
  std::string text(approvals::to_string(now.state));
  if (now.state == State::waiting) {
    text += ", " + std::to_string(seconds_left(now.expires_us, now_us)) + " s left";
  } else if (now.state == State::approved) {
    text +=
        ", " + std::to_string(seconds_left(now.retry_expires_us, now_us)) + " s left to send it";
  }
  return text;
}

std::string describe_operation(const Operation& operation,
                               std::string_view request,
                               std::int64_t now_us) {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"operation", operation.id},
      {"state", describe_state(operation, now_us)},
      {"asked", format_time(operation.created_us / kUsPerSecond)},
      {"caller", caller_of(operation)},
      {"secret", readable(operation.secret)},
      {"host", readable(operation.host)},
      {"request", readable(operation.method + " " + operation.path)},
      {"body", std::to_string(operation.body_bytes) + " bytes, SHA-256 " + operation.body_sha256}};
  if (!operation.by.empty()) {
    facts.emplace_back("decided by", readable(operation.by) + " (" + readable(operation.how) + ")");
  }
  std::string text = format_facts(facts);
  if (request.empty()) {
    return text;
  }
  text += "\n" + shown_request(request.substr(0, kShownBytesMax));
  if (text.back() != '\n') {
    text += '\n';
  }
  if (request.size() > kShownBytesMax) {
    text += "... and " + std::to_string(request.size() - kShownBytesMax) +
            " bytes more, not shown (the SHA-256 above is of the whole body)\n";
  }
  return text;
}

std::string summarize_operation(const Operation& operation, std::int64_t now_us) {
  return operation.id + "  " + describe_state(operation, now_us) + "\n  " +
         readable(operation.method + " " + operation.host + operation.path) + "\n  caller " +
         caller_of(operation) + ", secret " + readable(operation.secret) + "\n";
}

}  // namespace keyswap::cli
