// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit tail: the newest records, then each new one as it is written, over the ends of
// segments.
#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/segment.h"
#include "proxy/base/bounds.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_lines.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kLinesMax = 10'000;
constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;

struct TailOptions {
  LogOptions log;
  std::size_t lines = 10;
  bool stops = false;
};

// Not open if it is no file of a log: neither a link nor a FIFO is followed or waited for.
File open_audit_file(const std::string& path) {
  File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));

  struct stat info {};

  const bool is_regular =
      file.is_open() && fstat(file.descriptor(), &info) == 0 && S_ISREG(info.st_mode);
  return is_regular ? std::move(file) : File();
}

class Tail {
 public:
  Tail(std::string folder, const TailOptions& options)
      : folder_(std::move(folder)), options_(options) {}

  int run() {
    // Watched before it is read, so that nothing written in between is missed.
    File watch(inotify_init1(IN_CLOEXEC));
    if (!options_.stops &&
        (!watch.is_open() ||
         inotify_add_watch(
             watch.descriptor(), folder_.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)) {
      return report({Exit::cannot,
                     "cannot watch " + folder_ + ": " + explain_errno(errno),
                     "use --no-follow"});
    }
    const auto segments = audit::list_segments(folder_);
    if (!segments) {
      return report({Exit::cannot,
                     "the audit log cannot be read: " + explain(segments.error()),
                     "check the folder " + folder_});
    }
    print_newest(segments->newest);
    while (!options_.stops && flush_output()) {
      wait(watch.descriptor());
      print_new();
    }
    return static_cast<int>(Exit::done);
  }

 private:
  [[nodiscard]] std::string path_of(std::uint32_t number) const {
    return audit::path_of(folder_, audit::segment_name(number));
  }

  // From the newest segment back, until there are enough lines.
  void print_newest(std::uint32_t newest) {
    std::deque<std::string> lines;
    for (std::uint32_t number = newest; number > 0 && lines.size() < options_.lines; --number) {
      const std::size_t wanted = options_.lines - lines.size();
      const auto older = last_lines(number, wanted);
      lines.insert(lines.begin(), older.begin(), older.end());
    }
    std::ranges::for_each(lines, [this](const std::string& line) { print_record(line); });
    if (newest > 0 && !segment_.is_open()) {
      open_segment(newest);  // no line was asked for: those that are there are passed over
      if (segment_.is_open()) {
        read_lines(segment_.descriptor(), rest_, [](const std::string&) {});
      }
    }
  }

  // The last whole lines of a segment. Leaves the newest segment open behind them.
  std::vector<std::string> last_lines(std::uint32_t number, std::size_t wanted) {
    File file = open_audit_file(path_of(number));

    struct stat info {};

    if (!file.is_open() || fstat(file.descriptor(), &info) != 0) {
      return {};
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    // No record is longer than the limit: so many bytes hold the lines asked for, and one cut in
    // two.
    const std::size_t room = (wanted + 1) * base::bounds::kAuditRecordBytesMax;
    const std::size_t begin = size > room ? size - room : 0;
    lseek(file.descriptor(), static_cast<off_t>(begin), SEEK_SET);
    std::vector<std::string> lines;
    std::string rest;
    read_lines(
        file.descriptor(), rest, [&lines](std::string line) { lines.push_back(std::move(line)); });
    if (begin > 0 && !lines.empty()) {
      lines.erase(lines.begin());
    }
    if (!segment_.is_open()) {
      segment_ = std::move(file);
      number_ = number;
      rest_ = std::move(rest);
    }
    const std::size_t extra = lines.size() > wanted ? lines.size() - wanted : 0;
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(extra));
    return lines;
  }

  // Reads to the end of the file; `rest` carries an unfinished line from one call to the next.
  template <typename Take>
  static void read_lines(int descriptor, std::string& rest, Take take) {
    std::array<char, kPieceBytes> piece{};
    for (;;) {
      const ssize_t count = read(descriptor, piece.data(), piece.size());
      if (count <= 0) {
        return;
      }
      rest.append(piece.data(), static_cast<std::size_t>(count));
      std::size_t begin = 0;
      for (std::size_t end = rest.find('\n'); end != std::string::npos;
           end = rest.find('\n', begin)) {
        take(rest.substr(begin, end - begin));
        begin = end + 1;
      }
      rest.erase(0, begin);
    }
  }

  void open_segment(std::uint32_t number) {
    segment_ = open_audit_file(path_of(number));
    number_ = number;
    rest_.clear();
  }

  void print_new() {
    print_rest_of_segment();
    while (access(path_of(number_ + 1).c_str(), R_OK) == 0) {
      print_rest_of_segment();  // what was written to it before its successor was made
      open_segment(number_ + 1);
      print_rest_of_segment();
    }
  }

  void print_rest_of_segment() {
    if (segment_.is_open()) {
      read_lines(
          segment_.descriptor(), rest_, [this](const std::string& line) { print_record(line); });
    }
  }

  static void wait(int watch) {
    std::array<char, 4096> events{};
    // What changed does not matter, nor whether the wait was cut short: the caller looks for
    // itself.
    [[maybe_unused]] const ssize_t seen = read(watch, events.data(), events.size());
  }

  void print_record(const std::string& line) const {
    if (options_.log.json) {
      print_line(line);
    } else {
      print_long_line(format_record(line));
    }
  }

  std::string folder_;
  const TailOptions& options_;
  File segment_;
  std::uint32_t number_ = 0;
  std::string rest_;
};

}  // namespace

int run_audit_tail(const Arguments& arguments) {
  TailOptions options;
  CLI::App app(
      "Shows the newest records of the audit log, and then each new one, until interrupted.",
      "keyswap audit tail");
  app.add_option("-n,--lines", options.lines, "how many of those that are there")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{0}, kLinesMax))
      ->capture_default_str();
  app.add_flag("--no-follow", options.stops, "stop after those that are there");
  add_log_options(app, options.log);
  if (const auto status = parse_arguments(app, arguments, "keyswap audit tail -n 100 --json")) {
    return *status;
  }
  auto folder = log_folder(options.log);
  if (!folder) {
    return report(folder.failure());
  }
  return Tail(std::move(folder).value(), options).run();
}

}  // namespace keyswap::cli
