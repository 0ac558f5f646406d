// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/log.h"

#include <mutex>
#include <string>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "proxy/base/bounds.h"
#include "proxy/base/line_output.h"

namespace keyswap::base::log {

namespace {

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// stdout belongs to the program's answers; the log is stderr's.
class StandardErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    standard_error().write({line.data(), line.size()});
  }

  void flush_() override {}
};

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("keyswap", std::make_shared<StandardErrorSink>());
    made.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return instance;
}

}  // namespace

void line(Level level, Note text) {
  logger().log(level_of(level), "{}", text.text());
}

void line(Level level, Note text, std::int64_t number) {
  logger().log(level_of(level), "{} ({})", text.text(), number);
}

void line(Level level, Note text, const Error& error) {
  logger().log(level_of(level), "{}: {} ({})", text.text(), error.note.text(), error.number);
}

void line(Level level, std::initializer_list<Piece> pieces) {
  std::string text;
  for (const Piece& piece : pieces) {
    for (const char c : piece.bytes().substr(0, bounds::kFactsBytesMax)) {
      text += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  logger().log(level_of(level), "{}", text);
}

}  // namespace keyswap::base::log
