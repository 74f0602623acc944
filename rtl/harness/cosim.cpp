// cosim.cpp - drives the Verilated circuit: input rows in, every gate's value out.
//
// This program is the same for every circuit: it learns the rows at run time and finds them by name among the signals
// that the Verilog marks public. Everything passes through file descriptor 0, a socket; numbers have the machine's own
// byte order.
//
//   parent: uint32 size of the table, then the table: a line with the name of the top module, then a line
//           "NAME LANES WIDTH SIGNED INPUT" for each row, inputs first
//   model:  uint32 length of a message, 0: all rows were found; then the message
//   parent: for each frame, int64 for each input net, row after row
//   model:  int64 for each gate, row after row
//
// The model ends when the socket does. Where it was built with waves, the first argument names the file that receives
// them, frame n at time n; a second one, a scope to which they are confined.
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "Vcofiber.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif
#include "verilated_syms.h"

namespace
{

struct Row {
    uint8_t *bits;
    size_t bytes; // that may be touched
    unsigned lanes, width;
    bool isSigned, isInput;
};

// The signals' values over the frames, in a file.
class Waves
{
  public:
    // Gives a message where the file cannot be written.
    std::string open(VerilatedContext &context, Vcofiber &model, int count, char **arguments)
    {
#if VM_TRACE
        if (count < 2)
            return "";
        context.traceEverOn(true);
        model.trace(&file, 99);
        if (count > 2)
            file.dumpvars(1000, std::string("TOP.") + arguments[2]); // level 0 would mean all
        file.open(arguments[1]);
        return file.isOpen() ? "" : std::string("cannot write ") + arguments[1];
#else
        (void)context;
        (void)model;
        (void)arguments;
        return count < 2 ? "" : "was built without waves";
#endif
    }

    void frame()
    {
#if VM_TRACE
        if (file.isOpen())
            file.dump(time++);
#endif
    }

  private:
#if VM_TRACE
    VerilatedFstC file;
    uint64_t time = 0;
#endif
};

bool readAll(void *data, size_t size)
{
    for (char *at = static_cast<char *>(data); size > 0;) {
        ssize_t got = read(0, at, size);
        if (got <= 0)
            return false;
        at += got;
        size -= static_cast<size_t>(got);
    }
    return true;
}

bool writeAll(const void *data, size_t size)
{
    for (const char *at = static_cast<const char *>(data); size > 0;) {
        ssize_t put = write(0, at, size);
        if (put <= 0)
            return false;
        at += put;
        size -= static_cast<size_t>(put);
    }
    return true;
}

// A signal's storage is little-endian words, narrow or wide, so that bit b is bit b % 8 of byte b / 8.
uint64_t getBits(const Row &row, size_t first)
{
    uint64_t value = 0;
    for (unsigned done = 0; done < row.width;) {
        size_t bit = first + done;
        unsigned take = 8 - bit % 8 < row.width - done ? 8 - bit % 8 : row.width - done;
        value |= static_cast<uint64_t>(row.bits[bit / 8] >> bit % 8 & ((1u << take) - 1)) << done;
        done += take;
    }
    return value;
}

void setBits(const Row &row, size_t first, uint64_t value)
{
    for (unsigned done = 0; done < row.width;) {
        size_t bit = first + done;
        unsigned take = 8 - bit % 8 < row.width - done ? 8 - bit % 8 : row.width - done;
        row.bits[bit / 8] |= static_cast<uint8_t>((value >> done & ((1u << take) - 1)) << bit % 8);
        done += take;
    }
}

int64_t extended(const Row &row, uint64_t value)
{
    return row.isSigned && value >> (row.width - 1) & 1 ? static_cast<int64_t>(value | ~uint64_t{0} << (row.width - 1))
                                                        : static_cast<int64_t>(value);
}

// Inputs are set at the model's boundary, all other rows are read inside of the top module.
VerilatedVar *findSignal(const VerilatedContext &context, const std::string &top, const std::string &name, bool isInput)
{
    const std::string boundary = "TOP.TOP", inside = "TOP." + top;
    for (const std::string &scopeName : {isInput ? boundary : inside, isInput ? inside : boundary}) {
        const VerilatedScope *scope = context.scopeFind(scopeName.c_str());
        VerilatedVar *found = scope ? scope->varFind(name.c_str()) : nullptr;
        if (found)
            return found;
    }
    return nullptr;
}

std::string findRows(const VerilatedContext &context, const std::string &table, std::vector<Row> &rows)
{
    std::istringstream lines{table};
    std::string top, name;
    Row row{};
    lines >> top;
    while (lines >> name >> row.lanes >> row.width >> row.isSigned >> row.isInput) {
        VerilatedVar *signal = findSignal(context, top, name, row.isInput);
        if (!signal)
            return "the Verilog has no row " + name;
        size_t bits = static_cast<size_t>(signal->packed().elements());
        if (bits != size_t{row.lanes} * row.width)
            return "row " + name + " has " + std::to_string(bits) + " bits in the Verilog, " +
                   std::to_string(row.lanes * row.width) + " in the netlist";
        row.bits = static_cast<uint8_t *>(signal->datap());
        row.bytes = signal->totalSize();
        rows.push_back(row);
    }
    return lines.eof() ? "" : "the table of rows is malformed";
}

bool serveFrame(Vcofiber &model, Waves &waves, const std::vector<Row> &rows, std::vector<int64_t> &inputs,
                std::vector<int64_t> &gates)
{
    if (!readAll(inputs.data(), inputs.size() * sizeof(int64_t)))
        return false;
    const int64_t *input = inputs.data();
    for (const Row &row : rows) {
        if (!row.isInput)
            continue;
        std::memset(row.bits, 0, row.bytes);
        for (unsigned lane = 0; lane < row.lanes; lane++)
            setBits(row, size_t{lane} * row.width, static_cast<uint64_t>(*input++));
    }
    model.eval();
    waves.frame();
    int64_t *gate = gates.data();
    for (const Row &row : rows)
        for (unsigned lane = 0; lane < row.lanes && !row.isInput; lane++)
            *gate++ = extended(row, getBits(row, size_t{lane} * row.width));
    return writeAll(gates.data(), gates.size() * sizeof(int64_t));
}

} // namespace

int main(int count, char **arguments)
{
    VerilatedContext context;
    const auto model = std::make_unique<Vcofiber>(&context); // far too large for the stack
    uint32_t size = 0;
    if (!readAll(&size, sizeof size))
        return 1;
    std::string table(size, '\0');
    if (size > 0 && !readAll(&table[0], size))
        return 1;
    std::vector<Row> rows;
    Waves waves;
    std::string message = findRows(context, table, rows);
    if (message.empty())
        message = waves.open(context, *model, count, arguments);
    uint32_t length = static_cast<uint32_t>(message.size());
    if (!writeAll(&length, sizeof length) || !writeAll(message.data(), length) || length > 0)
        return 1;
    size_t inputs = 0, gates = 0;
    for (const Row &row : rows)
        (row.isInput ? inputs : gates) += row.lanes;
    std::vector<int64_t> inputValues(inputs);
    std::vector<int64_t> gateValues(gates);
    while (serveFrame(*model, waves, rows, inputValues, gateValues)) {
    }
    waves.frame(); // the last values last for a frame, too
    return 0;
}
