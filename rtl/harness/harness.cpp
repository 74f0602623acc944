// harness.cpp - drives a Verilated circuit: input nets of a frame on standard input, all gates' values on standard
// output, frame after frame until the input ends. Built by cofiber together with the model and "rows.inc", which lists
// the wires of all rows in net order.
//
// In: int32 for each net of the input. Out: int64 for each gate. Both in net order, little-endian.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "Vcofiber.h"
#include "Vcofiber___024root.h"
#include "verilated.h"

// A wire of the model: `lanes` values of `width` bits, packed, lane 0 lowest. Verilator keeps wires of any size as
// little-endian words, so that on this (little-endian) machine they are strings of bits.
struct Row {
    unsigned char *bytes;
    size_t size;
    unsigned lanes, width;
    bool is_signed;
};

#define ROW(wire, lanes, width, is_signed) \
    {reinterpret_cast<unsigned char *>(&(wire)), sizeof(wire), lanes, width, is_signed},

static std::vector<Row> input_rows(Vcofiber &top)
{
    return {
#define INPUT_ROWS
#include "rows.inc"
#undef INPUT_ROWS
    };
}

static std::vector<Row> gate_rows(Vcofiber &top)
{
    Vcofiber___024root &root = *top.rootp;
    (void)root;
    return {
#define GATE_ROWS
#include "rows.inc"
#undef GATE_ROWS
    };
}

// The bits [bit, bit + 64) of a string that goes on for 16 bytes past them.
static uint64_t bits_at(const unsigned char *bytes, size_t bit)
{
    uint64_t low, high;
    std::memcpy(&low, bytes + bit / 8, sizeof low);
    std::memcpy(&high, bytes + bit / 8 + 8, sizeof high);
    unsigned shift = bit % 8;
    return shift ? low >> shift | high << (64 - shift) : low;
}

static int64_t *unpack(const Row &row, std::vector<unsigned char> &scratch, int64_t *values)
{
    scratch.assign(row.size + 16, 0);
    std::memcpy(scratch.data(), row.bytes, row.size);
    unsigned spare = 64 - row.width;
    for (unsigned lane = 0; lane < row.lanes; lane++) {
        uint64_t raw = bits_at(scratch.data(), static_cast<size_t>(lane) * row.width) << spare;
        *values++ = row.is_signed ? static_cast<int64_t>(raw) >> spare : static_cast<int64_t>(raw >> spare);
    }
    return values;
}

static const int32_t *pack(const Row &row, std::vector<unsigned char> &scratch, const int32_t *values)
{
    scratch.assign(row.size + 16, 0);
    uint64_t mask = (uint64_t{1} << row.width) - 1; // inputs are at most 32 bits wide
    for (unsigned lane = 0; lane < row.lanes; lane++) {
        size_t bit = static_cast<size_t>(lane) * row.width;
        uint64_t word;
        std::memcpy(&word, scratch.data() + bit / 8, sizeof word);
        word |= (static_cast<uint64_t>(*values++) & mask) << bit % 8;
        std::memcpy(scratch.data() + bit / 8, &word, sizeof word);
    }
    std::memcpy(row.bytes, scratch.data(), row.size);
    return values;
}

// How many lanes the rows have; 0 when a wire is too narrow for its lanes: the Verilog is of another netlist.
static size_t total_lanes(const std::vector<Row> &rows)
{
    size_t total = 0;
    for (const Row &row : rows) {
        if (row.size * 8 < static_cast<size_t>(row.lanes) * row.width)
            return 0;
        total += row.lanes;
    }
    return total;
}

int main()
{
    VerilatedContext context;
    auto top = std::make_unique<Vcofiber>(&context); // on the heap: the model of a large circuit is tens of MB
    const std::vector<Row> inputs = input_rows(*top), gates = gate_rows(*top);
    std::vector<int32_t> in(total_lanes(inputs));
    std::vector<int64_t> out(total_lanes(gates));
    std::vector<unsigned char> scratch;
    if (in.empty() || out.empty())
        return 3;
    while (std::fread(in.data(), sizeof in[0], in.size(), stdin) == in.size()) {
        const int32_t *from = in.data();
        for (const Row &row : inputs)
            from = pack(row, scratch, from);
        top->eval();
        int64_t *to = out.data();
        for (const Row &row : gates)
            to = unpack(row, scratch, to);
        if (std::fwrite(out.data(), sizeof out[0], out.size(), stdout) != out.size() || std::fflush(stdout) != 0)
            return 1;
    }
    return std::ferror(stdin) ? 1 : 0;
}
