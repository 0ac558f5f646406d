// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit export: records for other programs. The log is judged while it is read.
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "proxy/base/clock.h"
#include "proxy/cli/audit_csv.h"
#include "proxy/cli/audit_judged.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
constexpr const char* kExample =
    "keyswap audit export --format csv --since 7d -o week.csv\n"
    "  keyswap audit export --format jsonl --caller agent";

struct ExportOptions {
  JudgedOptions judged;
  std::string format;
  std::string output;  // "" stdout

  [[nodiscard]] bool is_csv() const { return format == "csv"; }
};

// A new file, which has its name only once it is whole, or stdout; written in pieces.
class Export {
 public:
  static Outcome<Export> open(const ExportOptions& options) {
    Export made(options);
    if (options.output.empty()) {
      return made;
    }
    if (access(options.output.c_str(), F_OK) == 0) {
      return is_there(options.output);
    }
    made.beside_ = options.output + ".XXXXXX";
    made.file_ = File(mkostemp(made.beside_.data(), O_CLOEXEC));
    if (!made.file_.is_open()) {
      made.beside_.clear();
      return Failure{Exit::cannot,
                     "cannot make " + options.output + ": " + explain_errno(errno),
                     "name another file"};
    }
    return made;
  }

  Export(const Export&) = delete;
  Export& operator=(const Export&) = delete;

  Export(Export&& other) noexcept
      : options_(other.options_),
        file_(std::move(other.file_)),
        beside_(std::exchange(other.beside_, "")),
        text_(std::move(other.text_)),
        records_(other.records_),
        failed_(other.failed_) {}

  Export& operator=(Export&&) = delete;

  ~Export() {
    if (!beside_.empty()) {
      unlink(beside_.c_str());
    }
  }

  void take(std::string_view line) {
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
    if (!file_.is_open()) {
      return flush_output() ? Problem() : not_written("to stdout", errno);
    }
    if (failed_ == 0 && fsync(file_.descriptor()) != 0) {
      failed_ = errno;
    }
    if (failed_ != 0) {
      return not_written(options_->output, failed_);
    }
    if (const auto named = rename_new(beside_, options_->output); !named) {
      return named.error().code == base::Errc::already_exists
                 ? is_there(options_->output)
                 : not_written(options_->output, static_cast<int>(named.error().number));
    }
    beside_.clear();
    return std::nullopt;
  }

  [[nodiscard]] std::uint64_t records() const { return records_; }

 private:
  explicit Export(const ExportOptions& options)
      : options_(&options), text_(options.is_csv() ? csv_heading() : "") {}

  static Failure is_there(const std::string& path) {
    return {Exit::cannot, path + " is there already", "name another file; nothing is overwritten"};
  }

  static Failure not_written(const std::string& where, int failed) {
    return {Exit::cannot,
            "cannot write " + where + ": " + explain_errno(failed),
            "make room; no file was made"};
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
  std::string beside_;  // its name until it is whole
  std::string text_;
  std::uint64_t records_ = 0;
  int failed_ = 0;  // errno
};

int export_records(const ExportOptions& options) {
  auto made = Export::open(options);
  if (!made) {
    return report(made.failure());
  }
  Export& target = made.value();
  auto read = read_judged(options.judged, [&target](std::string_view line) { target.take(line); });
  if (!read) {
    return report(read.failure());
  }
  if (auto problem = target.finish()) {
    return report(*problem);
  }
  if (read->verdict.is_intact && !options.output.empty()) {
    print_long_line(std::to_string(target.records()) + " records were written to " +
                    printable(options.output));
  }
  return end_judged(read.value());
}

}  // namespace

int run_audit_export(const Arguments& arguments) {
  ExportOptions options;
  CommandLine app(
      "Writes the records of the audit log, all or those asked for, as CSV for spreadsheets or as\n"
      "they are (JSON lines). The log is judged meanwhile: exit status 1 if it is not intact; "
      "what\n"
      "was written is then what comes before the first bad record.",
      "keyswap audit export");
  app.add_option("--format", options.format, "csv: the main columns; jsonl: whole records")
      ->type_name("FORMAT")
      ->required()
      ->one_of({"csv", "jsonl"});
  app.add_option("-o,--output", options.output, "a new file, 0600 (default: standard output)")
      ->type_name("FILE");
  add_filter_options(app, options.judged.chosen);
  add_public_key_option(app, options.judged.key_hex);
  add_folder_options(app, options.judged.log);
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  if (auto problem = settle_filter(options.judged.chosen, base::SystemClock().wall_us())) {
    return report(*problem);
  }
  return export_records(options);
}

}  // namespace keyswap::cli
