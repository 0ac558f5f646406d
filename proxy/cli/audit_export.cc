// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit export: records for other programs. The log is judged while it is read.
#include <cerrno>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "audit/verify.h"
#include "proxy/base/clock.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_csv.h"
#include "proxy/cli/audit_filter.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kFileMode = 0600;
constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
constexpr const char* kExample =
    "keyswap audit export --format csv --since 7d -o week.csv\n"
    "  keyswap audit export --format jsonl --caller agent";

struct ExportOptions {
  LogOptions log;
  FilterOptions chosen;
  std::string key_hex;
  std::string format;
  std::string output;  // "" stdout

  [[nodiscard]] bool is_csv() const { return format == "csv"; }
};

// A new file, or stdout; written in pieces.
class Export {
 public:
  static Outcome<Export> open(const ExportOptions& options) {
    if (options.output.empty()) {
      return Export(options, File());
    }
    File file(open_new(options.output));
    if (!file.is_open() && errno == EEXIST) {
      return Failure{Exit::cannot,
                     options.output + " is there already",
                     "name another file; nothing is overwritten"};
    }
    if (!file.is_open()) {
      return Failure{Exit::cannot,
                     "cannot make " + options.output + ": " + explain_errno(errno),
                     "name another file"};
    }
    return Export(options, std::move(file));
  }

  void take(std::string_view line) {
    if (!matches(options_->chosen.filter, line)) {
      return;
    }
    ++records_;
    if (options_->is_csv()) {
      text_ += csv_row(line);
    } else {
      text_.append(line).append("\n");
    }
    if (text_.size() >= kPieceBytes) {
      write();
    }
  }

  // Nothing is lost on the way, or it is said.
  Problem finish() {
    write();
    if (!file_.is_open() && !flush_output()) {
      failed_ = errno;
    }
    if (failed_ == 0) {
      return std::nullopt;
    }
    return Failure{Exit::cannot,
                   "cannot write " + (file_.is_open() ? options_->output : "to stdout") + ": " +
                       explain_errno(failed_),
                   "what was written is not whole"};
  }

  // There was nothing to export from.
  void discard() const {
    if (file_.is_open()) {
      unlink(options_->output.c_str());
    }
  }

  [[nodiscard]] std::uint64_t records() const { return records_; }

 private:
  Export(const ExportOptions& options, File file) : options_(&options), file_(std::move(file)) {
    text_ = options.is_csv() ? csv_heading() : "";
  }

  static int open_new(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  }

  void write() {
    if (!file_.is_open()) {
      print(text_);
    } else if (failed_ == 0) {
      const auto written = write_all(file_.descriptor(), text_);
      failed_ = written ? 0 : static_cast<int>(written.error().number);
    }
    text_.clear();
  }

  const ExportOptions* options_;  // outlives it
  File file_;
  std::string text_;
  std::uint64_t records_ = 0;
  int failed_ = 0;  // errno
};

int export_records(const ExportOptions& options) {
  auto key = parse_public_key(options.key_hex);
  if (!key) {
    return report(key.failure());
  }
  auto folder = log_folder(options.log);
  if (!folder) {
    return report(folder.failure());
  }
  auto made = Export::open(options);
  if (!made) {
    return report(made.failure());
  }
  Export& target = made.value();
  const auto verdict = audit::verify(folder.value(),
                                     {key.value(), std::nullopt},
                                     [&target](std::string_view line) { target.take(line); });
  if (!verdict) {
    target.discard();
    return report_unread(folder.value(), verdict.error());
  }
  if (auto problem = target.finish()) {
    return report(*problem);
  }
  if (!verdict->is_intact) {
    return report_broken(folder.value(), *verdict);
  }
  if (!options.output.empty()) {
    print_line(std::to_string(target.records()) + " records were written to " + options.output);
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_audit_export(const Arguments& arguments) {
  ExportOptions options;
  CLI::App app(
      "Writes the records of the audit log, all or those asked for, as CSV for spreadsheets or as\n"
      "they are (JSON lines). The log is judged meanwhile: exit status 1 if it is not intact; "
      "what\n"
      "was written is then what comes before the first bad record.",
      "keyswap audit export");
  app.add_option("--format", options.format, "csv: the main columns; jsonl: whole records")
      ->type_name("FORMAT")
      ->required()
      ->check(CLI::IsMember({"csv", "jsonl"}));
  app.add_option("-o,--output", options.output, "a new file, 0600 (default: standard output)")
      ->type_name("FILE");
  add_filter_options(app, options.chosen);
  add_public_key_option(app, options.key_hex);
  add_folder_options(app, options.log);
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  if (auto problem = settle_filter(options.chosen, base::SystemClock().wall_us())) {
    return report(*problem);
  }
  return export_records(options);
}

}  // namespace keyswap::cli
