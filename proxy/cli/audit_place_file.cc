// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_place_file.h"

#include <charconv>

#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kFileMode = 0600;
constexpr std::size_t kFileBytesMax = 256;

// Takes a number and the one character behind it.
template <typename Number>
bool take_number(std::string_view& text, Number& number, char end) {
  const std::from_chars_result read =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<std::size_t>(read.ptr - text.data());
  if (read.ec != std::errc() || digits >= text.size() || text[digits] != end) {
    return false;
  }
  text.remove_prefix(digits + 1);
  return true;
}

Outcome<audit::Hash> id_of_log(const std::string& folder) {
  const auto id = audit::log_id(folder);
  if (!id) {
    return Failure{Exit::cannot,
                   "the audit log in " + folder + " cannot be read: " + explain(id.error()),
                   "see: keyswap audit verify"};
  }
  return id->value_or(audit::Hash{});
}

Outcome<std::optional<KeptPlace>> read_place(const std::string& path) {
  const auto text = read_file(path, kFileBytesMax);
  if (!text && text.error().code == base::Errc::not_found) {
    return std::optional<KeptPlace>();
  }
  if (!text) {
    return Failure{Exit::cannot,
                   "cannot read " + path + ": " + explain(text.error()),
                   "name another file: --cursor"};
  }
  const auto kept = decode_place(*text);
  if (!kept) {
    return Failure{Exit::usage,
                   path + " holds no place in an audit log",
                   "name another file, or remove it to begin at the log's begin"};
  }
  return kept;
}

}  // namespace

std::string encode_place(const KeptPlace& kept) {
  std::string text;
  audit::append_hex(kept.log.data(), kept.log.size(), text);
  return text + " " + std::to_string(kept.place.segment) + " " + std::to_string(kept.place.offset) +
         "\n";
}

std::optional<KeptPlace> decode_place(std::string_view text) {
  KeptPlace kept;
  const std::size_t digits = 2 * kept.log.size();
  if (text.size() <= digits || text[digits] != ' ' ||
      !audit::parse_hex(text.substr(0, digits), kept.log.data(), kept.log.size())) {
    return std::nullopt;
  }
  text.remove_prefix(digits + 1);
  if (!take_number(text, kept.place.segment, ' ') || !take_number(text, kept.place.offset, '\n') ||
      !text.empty()) {
    return std::nullopt;
  }
  return kept;
}

void add_cursor_option(CommandLine& app, std::string& path) {
  app.add_option("--cursor", path, "the file that keeps how far it came; made if it is not there")
      ->type_name("FILE")
      ->required();
}

Outcome<PlaceFile> PlaceFile::open(std::string path, const std::string& folder) {
  auto lock = audit::FileLock::acquire(path + ".lock");
  if (!lock && lock.error().code == base::Errc::locked) {
    return Failure{Exit::cannot,
                   "another command goes by " + path + " just now",
                   "wait for its end, or name another file: --cursor"};
  }
  if (!lock) {
    return Failure{Exit::cannot,
                   "cannot lock " + path + ".lock: " + explain(lock.error()),
                   "name another file: --cursor"};
  }
  auto id = id_of_log(folder);
  if (!id) {
    return id.failure();
  }
  auto read = read_place(path);
  if (!read) {
    return read.failure();
  }
  const std::optional<KeptPlace>& kept = read.value();
  const KeptPlace begin{id.value(), {}};
  if (kept && kept->log != id.value() && kept->place.segment > 0) {
    warn("another audit log was followed before: this one is taken from its begin");
  }
  return PlaceFile(
      std::move(path), folder, kept && kept->log == id.value() ? *kept : begin, std::move(*lock));
}

Problem PlaceFile::keep(const LogPlace& place) {
  KeptPlace now{kept_.log, place};
  if (now == kept_) {
    return std::nullopt;
  }
  if (now.log == audit::Hash{}) {  // it had no record when it was opened
    auto id = id_of_log(folder_);
    if (!id) {
      return id.failure();
    }
    now.log = id.value();
  }
  const auto written = write_file(path_, encode_place(now), kFileMode);
  if (!written) {
    return Failure{Exit::cannot,
                   "cannot write " + path_ + ": " + explain(written.error()),
                   "what was done since is done again at the next start"};
  }
  kept_ = now;
  return std::nullopt;
}

}  // namespace keyswap::cli
