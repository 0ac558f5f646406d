// SPDX-License-Identifier: Apache-2.0
//
// Any answers to a fetch from any kind of source: the first byte says which kind, the second what
// is asked for; then come the answers, each with a byte before it that says its status. Each run
// must end or ask for something that may be asked for, and what it fails by is a word of ours.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/base/assert.h"
#include "vault/sources/kinds.h"
#include "vault/sources/run.h"

namespace {

namespace base = keyswap::base;
namespace vault = keyswap::vault;

constexpr std::int64_t kNowUs = 1'750'000'000'000'000;
constexpr char kSeparator = '\x1e';
constexpr int kStepsMax = 64;

// What all kinds together take; each finds its own in it.
vault::SourceSpec spec_of(std::string_view kind) {
  vault::SourceSpec spec;
  spec.id = "fuzzed";
  spec.kind = kind;
  spec.settings = {{"organization_id", "f4e44a7f-1190-432a-9d4a-af96013127cb"},
                   {"access_token", "TOKEN"},
                   {"address", "https://source.example"},
                   {"token", "TOKEN"},
                   {"region", "us-east-1"},
                   {"access_key_id", "ID"},
                   {"secret_access_key", "SECRET"},
                   {"project", "project"},
                   {"credentials", "ACCOUNT"},
                   {"key", "agents"},
                   {"local_key", "LOCAL_KEY"},
                   {"fallback", "local"}};
  return spec;
}

std::vector<std::string> keys_of(unsigned char choice) {
  constexpr std::array<std::string_view, 6> kKeys = {"OPENAI_API_KEY",
                                                     "team/openai",
                                                     "/run/secrets/openai",
                                                     "op://Team/OpenAI/key",
                                                     "arn:aws:iam::123456789012:role/demo",
                                                     "projects/p/secrets/s"};
  constexpr std::array<std::string_view, 3> kFields = {"", "password", "SessionToken"};
  const auto key = kKeys.at(choice % kKeys.size());
  const auto field = kFields.at(choice / kKeys.size() % kFields.size());
  std::vector<std::string> keys = {vault::key_text(key, field)};
  if (choice >= 128) {
    keys.push_back(vault::key_text(key, "other"));
  }
  return keys;
}

vault::Secret locked(std::string_view bytes) {
  auto secret = vault::Secret::copy_of(bytes);
  KS_ASSERT(secret);
  return std::move(*secret);
}

int status_of(unsigned char choice) {
  constexpr std::array kStatuses = {
      200, 200, 200, 204, 302, 400, 401, 403, 404, 412, 429, 500, 503};
  return kStatuses.at(choice % kStatuses.size());
}

vault::Answer answer_to(const vault::Step& step, unsigned char choice, std::string_view bytes) {
  if (choice == 0xff) {
    return base::Error{base::Errc::network, "no answer"};
  }
  if (std::holds_alternative<vault::Call>(step)) {
    vault::CallAnswer answer;
    answer.status = status_of(choice);
    answer.body = locked(bytes);
    return answer;
  }
  if (std::holds_alternative<vault::RunCommand>(step)) {
    return vault::CommandAnswer{choice == 1 ? 1 : 0, locked(bytes)};
  }
  if (std::holds_alternative<vault::KeepEntry>(step)) {
    return vault::Kept::done;
  }
  return vault::EntryAnswer{locked(bytes), "1"};
}

void check_call(const vault::Call& call) {
  // An account's own token server may be on this machine.
  KS_ASSERT(call.url.starts_with("https://") || call.url.starts_with("http://127.0.0.1") ||
            call.url.starts_with("http://[::1]"));
  KS_ASSERT(
      std::all_of(call.url.begin(), call.url.end(), [](char c) { return c > ' ' && c < '\x7f'; }));
  for (const vault::CallField& field : call.fields) {
    const auto* secret = std::get_if<vault::Secret>(&field.value);
    const std::string_view value =
        secret != nullptr ? secret->reveal() : std::string_view(std::get<std::string>(field.value));
    // I9: no field becomes two.
    KS_ASSERT(value.find_first_of("\r\n") == std::string_view::npos);
  }
}

void check_end(const vault::Step& step, const std::vector<std::string>& keys) {
  if (const auto* failed = std::get_if<vault::Failed>(&step)) {
    KS_ASSERT(!failed->outcome.empty());
    KS_ASSERT(failed->outcome.find_first_not_of("abcdefghijklmnopqrstuvwxyz_:0123456789") ==
              std::string::npos);
    return;
  }
  for (const vault::FetchedValue& value : std::get<vault::Done>(step).values) {
    KS_ASSERT(std::find(keys.begin(), keys.end(), value.key) != keys.end());
  }
}

bool has_ended(const vault::Step& step) {
  return std::holds_alternative<vault::Done>(step) || std::holds_alternative<vault::Failed>(step);
}

void drive(vault::Run& run, const std::vector<std::string>& keys, std::string_view script) {
  vault::Step step = run.begin(kNowUs);
  for (int count = 0; !has_ended(step); ++count) {
    KS_ASSERT(count < kStepsMax);
    if (const auto* call = std::get_if<vault::Call>(&step)) {
      check_call(*call);
    }
    const std::string_view one = script.substr(0, script.find(kSeparator));
    script.remove_prefix(std::min(one.size() + 1, script.size()));
    const auto choice =
        one.empty() ? static_cast<unsigned char>(0xff) : static_cast<unsigned char>(one.front());
    step =
        run.on(answer_to(step, choice, one.substr(std::min<std::size_t>(one.size(), 1))), kNowUs);
  }
  check_end(step, keys);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool is_locked = vault::lock_memory().has_value();
  KS_ASSERT(is_locked);
  if (size < 2) {
    return 0;
  }
  const auto kinds = vault::backend_kinds();
  const vault::BackendKind& kind = *kinds[data[0] % kinds.size()];
  if (kind.make == nullptr || kind.is_minting) {
    return 0;
  }
  const auto keys = keys_of(data[1]);
  const auto backend = kind.make(spec_of(kind.name));
  drive(*backend->fetch(keys), keys, {reinterpret_cast<const char*>(data) + 2, size - 2});
  return 0;
}
