// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a message to Binance's WebSocket API, and as a reply of it: a message that is read
// is written anew in a form that reads and writes the same, and is no longer; a reply is found
// alike however its bytes are cut.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/text_sink.h"
#include "bindings/venues/binance/message.h"
#include "bindings/venues/binance/reply.h"
#include "proxy/base/assert.h"

namespace {

namespace binance = keyswap::bindings::binance;

std::string written(const binance::Message& message) {
  keyswap::bindings::TextSink sink;
  KS_ASSERT(binance::write_message(message, "", sink));
  return sink.take();
}

void check_message(std::string_view text) {
  auto message = binance::read_message(text);
  if (!message) {
    return;
  }
  const auto once = written(*message);
  KS_ASSERT(once.size() <= text.size());
  const auto again = binance::read_message(once);
  KS_ASSERT(again && written(*again) == once);
  KS_ASSERT(again->id == message->id && again->method == message->method);
  if (message->is_flat()) {
    binance::prepare(*message, {1, 2});
    binance::append_signature(*message, "00");
    // Too many parameters, or too long by what was added, is what may be refused of it.
    const auto signed_text = written(*message);
    constexpr std::size_t kMany = 190;
    KS_ASSERT(message->params.items.size() > kMany || binance::read_message(signed_text));
  }
}

void check_reply(std::string_view text) {
  const auto reader = binance::make_reply_reader();
  reader->feed(text);
  const auto whole = reader->finish();
  for (const char c : text) {
    reader->feed({&c, 1});
  }
  const auto cut = reader->finish();
  KS_ASSERT(whole.has_value() == cut.has_value());
  KS_ASSERT(!whole || (whole->id == cut->id && whole->status == cut->status));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_message(text);
  check_reply(text);
  return 0;
}
