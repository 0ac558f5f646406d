// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the audit log share: a folder that goes away, a key, a clock that stands still,
// files whose every step can be made to fail, and a listener that can be waited for.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <sodium.h>

#include "audit/archived.h"
#include "audit/chain.h"
#include "audit/file.h"
#include "audit/head.h"
#include "audit/line.h"
#include "audit/log.h"
#include "audit/record.h"
#include "audit/segment.h"
#include "audit/verify.h"
#include "audit/writer.h"
#include "proxy/base/clock.h"

namespace keyswap::audit::test {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

class TempFolder {
 public:
  TempFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "keyswap-audit-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }

  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  TempFolder(TempFolder&&) = delete;
  TempFolder& operator=(TempFolder&&) = delete;

  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::string file(std::string_view name) const { return path_of(path_, name); }

  // Makes this folder's files those of `other`.
  void copy_from(const TempFolder& other) const {
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      std::filesystem::remove_all(entry.path());
    }
    for (const auto& entry : std::filesystem::directory_iterator(other.path())) {
      std::filesystem::copy_file(entry.path(), file(entry.path().filename().string()));
    }
  }

 private:
  std::string path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_file(const std::string& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  REQUIRE(out.good());
}

// With their newlines; the last may lack one.
inline std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

inline std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line;
  }
  return text;
}

// The key pair of RFC 8032 section 7.1, test 1, or another made from `first_byte`.
class TestKey {
 public:
  explicit TestKey(std::optional<std::uint8_t> first_byte = std::nullopt) {
    std::array<std::uint8_t, 32> seed{};
    REQUIRE(parse_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                      seed.data(),
                      seed.size()));
    seed[0] = first_byte.value_or(seed[0]);
    REQUIRE(crypto_sign_seed_keypair(public_key_.data(), secret_key_.data(), seed.data()) == 0);
  }

  [[nodiscard]] const std::array<std::uint8_t, 32>& public_key() const { return public_key_; }

  [[nodiscard]] std::array<std::uint8_t, 64> sign(std::string_view message) const {
    std::array<std::uint8_t, 64> signature{};
    crypto_sign_detached(signature.data(),
                         nullptr,
                         reinterpret_cast<const unsigned char*>(message.data()),
                         message.size(),
                         secret_key_.data());
    return signature;
  }

  [[nodiscard]] std::string checkpoint(std::uint64_t seq,
                                       const Hash& hash,
                                       std::int64_t ts_us = 0) const {
    return checkpoint_line({seq, hash, ts_us, sign(checkpoint_message(seq, hash, ts_us))}) + "\n";
  }

 private:
  std::array<std::uint8_t, 32> public_key_{};
  std::array<std::uint8_t, 64> secret_key_{};
};

class TestClock final : public base::Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return wall; }

  [[nodiscard]] std::int64_t steady_us() const override { return steady; }

  std::atomic<std::int64_t> wall = 1'795'314'309'123'456;  // 2026-11-22T02:25:09.123456Z
  std::atomic<std::int64_t> steady = 1'000'000;
};

enum class Step : std::uint8_t {
  create,
  open,
  write,
  sync,
  truncate,
  state,
  open_folder,
  sync_folder,
  state_of,
  told,  // put in by a test
};

struct Event {
  Step step;
  std::string file;  // its name, without the folder
};

// The real files, watched, and made to fail on demand. Nothing is really synced: no test pulls the
// plug, and a disk would make them take minutes.
class TestFiles final : public Files {
 public:
  bool is_watched = true;
  // Called before each step, on the thread that takes it: the errno to fail with, or 0.
  std::function<int(const Event&)> fault;
  // How many bytes of a write are taken.
  std::function<std::size_t(const Event&, std::size_t)> taken;

  Result<std::unique_ptr<File>> create(const std::string& path) override {
    return open_with(path, Step::create);
  }

  Result<std::unique_ptr<File>> open(const std::string& path) override {
    return open_with(path, Step::open);
  }

  Result<std::unique_ptr<Folder>> open_folder(const std::string& path) override {
    static_cast<void>(path);
    KS_TRY(enter({Step::open_folder, ""}));
    return std::unique_ptr<Folder>(std::make_unique<WatchedFolder>(*this));
  }

  [[nodiscard]] Result<FileState> state_of(const std::string& path) const override {
    KS_TRY(enter({Step::state_of, name_of(path)}));
    return system_files().state_of(path);
  }

  void note(Step step) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    events_.push_back({step, ""});
  }

  [[nodiscard]] std::vector<Event> events() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return events_;
  }

  [[nodiscard]] std::size_t count(Step step, std::string_view file) const {
    std::size_t found = 0;
    for (const Event& event : events()) {
      found += event.step == step && event.file == file ? 1 : 0;
    }
    return found;
  }

 private:
  class Watched final : public File {
   public:
    Watched(const TestFiles& owner, std::string name, std::unique_ptr<File> inner)
        : owner_(owner), name_(std::move(name)), inner_(std::move(inner)) {}

    Result<std::size_t> write(std::string_view bytes) override {
      const Event event{Step::write, name_};
      KS_TRY(owner_.enter(event));
      return inner_->write(
          bytes.substr(0, owner_.taken ? owner_.taken(event, bytes.size()) : bytes.size()));
    }

    Status sync() override { return owner_.enter({Step::sync, name_}); }

    Status truncate(std::uint64_t size) override {
      KS_TRY(owner_.enter({Step::truncate, name_}));
      return inner_->truncate(size);
    }

    [[nodiscard]] Result<FileState> state() const override {
      KS_TRY(owner_.enter({Step::state, name_}));
      return inner_->state();
    }

   private:
    const TestFiles& owner_;
    std::string name_;
    std::unique_ptr<File> inner_;
  };

  class WatchedFolder final : public Folder {
   public:
    explicit WatchedFolder(const TestFiles& owner) : owner_(owner) {}

    Status sync() override { return owner_.enter({Step::sync_folder, ""}); }

   private:
    const TestFiles& owner_;
  };

  static std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  Status enter(const Event& event) const {
    if (is_watched) {
      const std::lock_guard<std::mutex> guard(mutex_);
      events_.push_back(event);
    }
    const int number = fault ? fault(event) : 0;
    if (number != 0) {
      return file_error("made to fail", number);
    }
    return {};
  }

  Result<std::unique_ptr<File>> open_with(const std::string& path, Step step) {
    KS_TRY(enter({step, name_of(path)}));
    auto file = step == Step::create ? system_files().create(path) : system_files().open(path);
    if (!file) {
      return file.error();
    }
    return std::unique_ptr<File>(std::make_unique<Watched>(*this, name_of(path), std::move(*file)));
  }

  mutable std::mutex mutex_;
  mutable std::vector<Event> events_;
};

// For a test that does not care.
inline Files& unwatched_files() {
  static TestFiles files;
  files.is_watched = false;
  return files;
}

// Remembers what it is told; wait() blocks until then.
class Answers final : public Listener {
 public:
  explicit Answers(const TestFiles* files = nullptr) : files_(files) {}

  void batch_done(std::uint64_t ticket, bool durable) override {
    if (files_ != nullptr) {
      files_->note(Step::told);
    }
    // Under the lock, because whoever is waited for may be gone right after it.
    const std::lock_guard<std::mutex> guard(mutex_);
    told_.emplace(ticket, durable);
    changed_.notify_all();
  }

  bool wait(std::uint64_t ticket) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return told_.count(ticket) > 0; });
    return told_.find(ticket)->second;
  }

  // How often was it told about the ticket?
  std::size_t count(std::uint64_t ticket) {
    const std::lock_guard<std::mutex> guard(mutex_);
    return told_.count(ticket);
  }

 private:
  const TestFiles* files_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::uint64_t, bool> told_;
};

// Holds whoever passes until it is opened, and tells when somebody stands at it.
class Gate {
 public:
  void pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }

  void wait_for_arrival() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return arrived_ > 0; });
  }

  void open() {
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      is_open_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool is_open_ = false;
};

inline Log::Settings settings_for(const TempFolder& folder,
                                  const base::Clock& clock,
                                  Files* files = nullptr,
                                  std::uint64_t segment_bytes = 1 << 20) {
  const TestKey key;
  return {folder.path(),
          segment_bytes,
          [key](std::string_view message) -> Result<std::array<std::uint8_t, 64>> {
            return key.sign(message);
          },
          key.public_key(),
          &clock,
          files != nullptr ? files : &unwatched_files()};
}

inline std::unique_ptr<Log> open_log(Log::Settings settings) {
  Result<std::unique_ptr<Log>> log = Log::open(std::move(settings));
  REQUIRE(log.has_value());
  return std::move(*log);
}

inline std::unique_ptr<Writer> open_writer(Log::Settings settings) {
  Result<std::unique_ptr<Writer>> writer = Writer::open(std::move(settings));
  REQUIRE(writer.has_value());
  return std::move(*writer);
}

inline DecisionRecord decision_of(std::string_view request_id) {
  DecisionRecord record;
  record.ts_us = 1'795'314'309'123'456;
  record.request_id = request_id;
  record.decision = Decision::allowed;
  record.reason = Reason::binding_matched;
  record.secret = "OPENAI_API_KEY";
  record.scheme = "header";
  record.client = {"127.0.0.1:50312", 1000, "agent"};
  record.destination = {"api.openai.com", 443, "POST", "/v1/chat/completions"};
  record.bindings_sha256 = "4f2b8a3c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708";
  return record;
}

inline ResponseRecord response_of(std::string_view request_id) {
  ResponseRecord record;
  record.ts_us = 1'795'314'309'987'654;
  record.request_id = request_id;
  record.status = 200;
  record.outcome = Outcome::complete;
  record.bytes = 5120;
  record.duration_us = 864'198;
  record.upstream_ip = "203.0.113.7";
  record.tls = "TLSv1.3";
  record.spki_sha256 = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90";
  return record;
}

template <typename Record>
std::string body_of(const Record& record) {
  std::string body;
  encode_body(record, body);
  return body;
}

inline Batch urgent_batch(std::string_view request_id) {
  Batch batch;
  batch.add(decision_of(request_id));
  batch.is_urgent = true;
  return batch;
}

// A closed log of `records` decisions, with a checkpoint at its end.
inline void make_log(const TempFolder& folder,
                     std::size_t records,
                     std::uint64_t segment_bytes = 1 << 20) {
  const TestClock clock;
  const std::unique_ptr<Writer> writer =
      open_writer(settings_for(folder, clock, nullptr, segment_bytes));
  for (std::size_t i = 0; i < records; ++i) {
    REQUIRE(writer->add(body_of(decision_of("request-" + std::to_string(i)))));
  }
  REQUIRE(writer->checkpoint());
}

// Adds records behind the newest checkpoint, as a process that is killed leaves them.
inline void add_unsigned(const TempFolder& folder, std::size_t records) {
  const TestClock clock;
  const std::unique_ptr<Writer> writer = open_writer(settings_for(folder, clock));
  for (std::size_t i = 0; i < records; ++i) {
    REQUIRE(writer->add(body_of(decision_of("unsigned-" + std::to_string(i)))));
  }
  REQUIRE(writer->sync());
}

// What is signed of a log whose segments up to that one go away.
inline Archived statement_of(const TempFolder& folder,
                             std::uint32_t segment,
                             const TestKey& key = TestKey()) {
  const std::string text = read_file(folder.file(segment_name(segment)));
  const std::string last = split_lines(text).back();
  const auto record = parse_line(std::string_view(last).substr(0, last.size() - 1));
  REQUIRE(record.has_value());
  const auto log = log_id(folder.path());
  REQUIRE(log.has_value());
  Archived archived{**log, segment, text.size(), record->seq, record->hash, 1000};
  archived.signature = key.sign(archived_message(archived));
  return archived;
}

inline void put_archived(const TempFolder& folder, const Archived& archived) {
  write_file(folder.file(kArchivedName), archived_line(archived) + "\n");
}

inline void remove_until(const TempFolder& folder, std::uint32_t segment) {
  for (std::uint32_t number = 1; number <= segment; ++number) {
    std::filesystem::remove(folder.file(segment_name(number)));
  }
}

inline Verdict verdict_of(const TempFolder& folder) {
  const Result<Verdict> verdict = verify(folder.path(), {.public_key = TestKey().public_key()});
  REQUIRE(verdict.has_value());
  return *verdict;
}

}  // namespace keyswap::audit::test
