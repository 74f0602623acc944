// cofiber_stream_tb: feeds the accelerator a stream of frames with random stalls on either side, and checks all that
// comes out. It runs under Icarus Verilog and Verilator (README.md says how).
//
//   cofiber_stream_stimulus.hex  one word per beat: {flags, data}. Flag 0: TLAST. Flag 1: reset the core before this
//                                word. Flag 2: reset it through its control register before this word.
//   cofiber_stream_expected.hex  the decisions of each frame: one word per record, scale after scale, raster order
//   cofiber_stream_outcomes.hex  what is to come out: the number of an expected frame, or ffff for one given up
//
// Plus-arguments: +seed=N, +input_stalls=PERCENT, +output_stalls=PERCENT, +dump=FILE (all records and sums), +wave.
// The last line begins with PASS or FAIL.
`timescale 1ns / 1ps
`include "cofiber_stream_geometry.vh"
module cofiber_stream_tb #(
    parameter BEATS = `COFIBER_STREAM_TB_BEATS,
    parameter FRAMES = `COFIBER_STREAM_TB_FRAMES,
    parameter OUTCOMES = `COFIBER_STREAM_TB_OUTCOMES
);
    localparam IN_BITS = 8 * `COFIBER_STREAM_INPUT_BYTES;
    localparam OUT_BITS = 8 * `COFIBER_STREAM_OUTPUT_BYTES;
    localparam CLASSES = `COFIBER_STREAM_CLASSES;
    localparam RECORDS = `COFIBER_STREAM_RECORDS;
    localparam SCALES = `COFIBER_STREAM_SCALES;

    reg clk = 1'b0;
    always #5 clk = !clk;

    reg                 aresetn = 1'b0;
    reg  [IN_BITS-1:0]  s_axis_tdata = 0;
    reg                 s_axis_tvalid = 1'b0, s_axis_tlast = 1'b0;
    wire                s_axis_tready;
    wire [OUT_BITS-1:0] m_axis_tdata;
    wire                m_axis_tvalid, m_axis_tlast;
    reg                 m_axis_tready = 1'b0;
    reg  [7:0]          awaddr = 0, araddr = 0;
    reg                 awvalid = 1'b0, wvalid = 1'b0, bready = 1'b0, arvalid = 1'b0, rready = 1'b0;
    reg  [31:0]         wdata = 0;
    wire                awready, wready, bvalid, arready, rvalid, irq;
    wire [31:0]         rdata;
    wire [1:0]          bresp, rresp;

    cofiber_stream_top dut (
        .aclk(clk), .aresetn(aresetn),
        .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready),
        .s_axis_tlast(s_axis_tlast),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast),
        .s_axil_awaddr(awaddr), .s_axil_awvalid(awvalid), .s_axil_awready(awready), .s_axil_wdata(wdata),
        .s_axil_wstrb(4'hf), .s_axil_wvalid(wvalid), .s_axil_wready(wready), .s_axil_bresp(bresp),
        .s_axil_bvalid(bvalid), .s_axil_bready(bready), .s_axil_araddr(araddr), .s_axil_arvalid(arvalid),
        .s_axil_arready(arready), .s_axil_rdata(rdata), .s_axil_rresp(rresp), .s_axil_rvalid(rvalid),
        .s_axil_rready(rready), .irq(irq)
    );

    reg [IN_BITS+3:0] stimulus[0:BEATS-1];
    reg [CLASSES-1:0] expected[0:FRAMES*RECORDS-1];
    reg [15:0]        outcomes[0:OUTCOMES-1];
    reg [CLASSES-1:0] found[0:RECORDS-1];
    reg               seen[0:RECORDS-1];

    integer seed = 1, input_stalls = 0, output_stalls = 0, dump = 0, errors = 0;
    reg [1023:0] dump_name;
    reg [31:0] chance_in, chance_out;
    integer next = 0, outcome = 0, cycle = 0, first_cycle = -1, last_cycle = -1, since = 0, quiet = 0;
    integer delivered = 0;    // good frames that came out since the last reset
    reg     commanded = 1'b0;  // the core was reset by its register, which may lose frames that it has counted
    integer shortest = 0, longest = 0, n, at;
    reg feeding = 1'b0, resetting = 1'b0;

    task complain(input integer what, input integer a, input integer b);
        begin
            errors = errors + 1;
            if (errors <= 10)
                case (what)
                    0: $display("error: TDATA or TLAST changed, or TVALID fell, while the output was stalled");
                    1: $display("error: an output is unknown in cycle %0d", cycle);
                    2: $display("error: frame %0d: record %0d does not decide as expected", a, b);
                    3: $display("error: frame %0d: record %0d came twice, or not at all", a, b);
                    4: $display("error: frame %0d was given up, or was not given up", a);
                    5: $display("error: more came out than was expected");
                    6: $display("error: a record of no such position: scale %0d, row or column %0d", a, b);
                    7: $display("error: nothing happened for a long time; %0d of %0d outcomes came", a, b);
                    default: $display("error: register %0d reads %0d", a, b);
                endcase
        end
    endtask

    function [31:0] shuffle(input [31:0] state);  // xorshift
        reg [31:0] x;
        begin
            x = state ^ (state << 13);
            x = x ^ (x >> 17);
            shuffle = x ^ (x << 5);
        end
    endfunction

    // The place of a record: scale after scale, raster order; -1 for none.
    function integer place(input integer scale, input integer row, input integer column);
        integer k, first;
        begin
            first = 0;
            for (k = 0; k < scale; k = k + 1)
                first = first + (`COFIBER_STREAM_ROWS >> k) * (`COFIBER_STREAM_COLUMNS >> k);
            if (scale >= SCALES || row >= (`COFIBER_STREAM_ROWS >> scale) || column >= (`COFIBER_STREAM_COLUMNS >> scale))
                place = -1;
            else
                place = first + row * (`COFIBER_STREAM_COLUMNS >> scale) + column;
        end
    endfunction

    // ---- the control port ----

    // One command at a time, by a machine that is clocked as the core is: a simulator may run what waits for a clock edge
    // before or after what the edge changes.
    reg        command = 1'b0, command_done = 1'b0, command_writes = 1'b0;
    reg [7:0]  command_address = 0;
    reg [31:0] command_value = 0, register_value = 0;
    reg [1:0]  port_state = 2'd0;
    always @(posedge clk) begin
        if (!aresetn) begin
            port_state   <= 2'd0;
            command_done <= 1'b0;
            awvalid      <= 1'b0;
            wvalid       <= 1'b0;
            bready       <= 1'b0;
            arvalid      <= 1'b0;
            rready       <= 1'b0;
        end else
            case (port_state)
                2'd0:
                if (command) begin
                    awaddr     <= command_address;
                    araddr     <= command_address;
                    wdata      <= command_value;
                    awvalid    <= command_writes;
                    wvalid     <= command_writes;
                    bready     <= command_writes;
                    arvalid    <= !command_writes;
                    rready     <= !command_writes;
                    port_state <= command_writes ? 2'd1 : 2'd2;
                end
                2'd1: begin
                    if (awready)
                        awvalid <= 1'b0;
                    if (wready)
                        wvalid <= 1'b0;
                    if (bvalid) begin
                        bready       <= 1'b0;
                        command_done <= 1'b1;
                        port_state   <= 2'd3;
                    end
                end
                2'd2: begin
                    if (arready)
                        arvalid <= 1'b0;
                    if (rvalid) begin
                        rready         <= 1'b0;
                        register_value <= rdata;
                        command_done   <= 1'b1;
                        port_state     <= 2'd3;
                    end
                end
                default:
                if (!command) begin
                    command_done <= 1'b0;
                    port_state   <= 2'd0;
                end
            endcase
    end

    task write_register(input [7:0] address, input [31:0] value);
        begin
            command_address = address;
            command_value = value;
            command_writes = 1'b1;
            command = 1'b1;
            while (!command_done) @(posedge clk);
            command = 1'b0;
            while (command_done) @(posedge clk);
        end
    endtask

    task read_register(input [7:0] address);
        begin
            command_address = address;
            command_writes = 1'b0;
            command = 1'b1;
            while (!command_done) @(posedge clk);
            command = 1'b0;
            while (command_done) @(posedge clk);
        end
    endtask

`ifdef COFIBER_STREAM_LOADABLE
    reg [`COFIBER_STREAM_WEIGHT_BITS-1:0] weights[0:`COFIBER_STREAM_WEIGHT_DEPTH-1];
    reg [32*`COFIBER_STREAM_CHUNKS-1:0]   weight_word;
    integer w, c;
    task load_weights;
        begin
            $readmemh(`COFIBER_STREAM_WEIGHT_FILE, weights);
            write_register(8'h54, 32'd0);
            for (w = 0; w < `COFIBER_STREAM_WEIGHT_DEPTH; w = w + 1) begin
                weight_word = weights[w];
                for (c = 0; c < `COFIBER_STREAM_CHUNKS; c = c + 1)
                    write_register(8'h58, weight_word[32*c+:32]);
            end
            // A word out of order is not taken.
            write_register(8'h54, `COFIBER_STREAM_WEIGHT_DEPTH * `COFIBER_STREAM_CHUNKS + 1);
            write_register(8'h58, 32'ha5a5a5a5);
        end
    endtask
`endif

    // ---- set-up, resets, the end ----

    task finish;
        begin
            read_register(8'h28);
            $display("frames_in %0d", register_value);
            if (register_value != delivered && !commanded)
                complain(8, 8'h28, register_value);
            read_register(8'h2c);
            $display("frames_out %0d", register_value);
            if (register_value != delivered)
                complain(8, 8'h2c, register_value);
            read_register(8'h30);
            $display("short_frames %0d", register_value);
            read_register(8'h34);
            $display("long_frames %0d", register_value);
            if (dump != 0)
                $fclose(dump);
            $write("%0s: %0d of %0d outcomes, %0d errors; %0d cycles in all", errors == 0 ? "PASS" : "FAIL", outcome,
                   OUTCOMES, errors, last_cycle - first_cycle);
            if (longest != 0) // two frames have left
                $write(", %0d to %0d from frame to frame", shortest, longest);
            $display("; seed %0d, stalls %0d%% and %0d%%", seed, input_stalls, output_stalls);
            $finish;
        end
    endtask

    initial begin
        if (!$value$plusargs("seed=%d", seed))
            seed = 1;
        if (!$value$plusargs("input_stalls=%d", input_stalls))
            input_stalls = 0;
        if (!$value$plusargs("output_stalls=%d", output_stalls))
            output_stalls = 0;
        if ($value$plusargs("dump=%s", dump_name))
            dump = $fopen(dump_name, "w");
`ifdef COFIBER_STREAM_WAVE
        if ($test$plusargs("wave")) begin
            $dumpfile(`COFIBER_STREAM_WAVE);
            $dumpvars(`COFIBER_STREAM_WAVE_DEPTH, `COFIBER_STREAM_WAVE_SCOPE);
        end
`endif
        $readmemh("cofiber_stream_stimulus.hex", stimulus);
        $readmemh("cofiber_stream_expected.hex", expected);
        $readmemh("cofiber_stream_outcomes.hex", outcomes);
        chance_in = shuffle(seed * 2 + 1);
        chance_out = shuffle(seed * 2 + 77777);
        for (n = 0; n < RECORDS; n = n + 1)
            seen[n] = 1'b0;
        repeat (5) @(posedge clk);
        aresetn <= 1'b1;
        @(posedge clk);
        read_register(8'h00);
        if (register_value !== 32'h43464231)
            complain(8, 0, register_value);
`ifdef COFIBER_STREAM_LOADABLE
        load_weights;
`endif
        feeding = 1'b1;
        while (outcome < OUTCOMES && quiet < `COFIBER_STREAM_PATIENCE) begin
            @(posedge clk);
            if (resetting) begin
                if (stimulus[next][IN_BITS+1]) begin
                    aresetn <= 1'b0;
                    repeat (3) @(posedge clk);
                    aresetn <= 1'b1;
                    repeat (2) @(posedge clk);
                    delivered = 0;
                    for (n = 0; n < RECORDS; n = n + 1)
                        seen[n] = 1'b0;
                end else begin
                    commanded = 1'b1;
                    write_register(8'h08, 32'd1);
                end
                resetting = 1'b0;
            end
        end
        if (outcome < OUTCOMES)
            complain(7, outcome, OUTCOMES);
        repeat (200) @(posedge clk);
        finish;
    end

    // ---- the input ----

    reg past_flag = 1'b0;  // the reset that this word asks for has been done
    always @(posedge clk) begin
        chance_in = shuffle(chance_in);
        if (aresetn && s_axis_tvalid && s_axis_tready) begin
            if (first_cycle < 0)
                first_cycle = cycle;
            s_axis_tvalid <= 1'b0;
        end
        if (!aresetn)
            s_axis_tvalid <= 1'b0;
        else if (feeding && !resetting && (!s_axis_tvalid || s_axis_tready) && next < BEATS) begin
            if (stimulus[next][IN_BITS+3:IN_BITS+1] != 0 && !past_flag) begin
                resetting = 1'b1;
                past_flag = 1'b1;
            end else if (chance_in % 100 >= input_stalls) begin
                s_axis_tdata  <= stimulus[next][IN_BITS-1:0];
                s_axis_tlast  <= stimulus[next][IN_BITS];
                s_axis_tvalid <= 1'b1;
                past_flag = 1'b0;
                next = next + 1;
            end
        end
    end

    // ---- the output ----

    reg [OUT_BITS-1:0] held_data;
    reg                held_last, held = 1'b0;
    task end_frame(input given_up);
        begin
            if (outcome >= OUTCOMES)
                complain(5, 0, 0);
            else begin
                if (given_up != (outcomes[outcome] == 16'hffff))
                    complain(4, outcome, 0);
                for (n = 0; n < RECORDS; n = n + 1) begin
                    if (!given_up && outcomes[outcome] != 16'hffff) begin
`ifdef COFIBER_STREAM_SPARSE
                        if (!seen[n])
                            found[n] = 0;
`else
                        if (!seen[n])
                            complain(3, outcome, n);
`endif
                        if (found[n] !== expected[outcomes[outcome]*RECORDS+n])
                            complain(2, outcome, n);
                    end
                end
            end
            for (n = 0; n < RECORDS; n = n + 1)
                seen[n] = 1'b0;
            outcome = outcome + 1;
            delivered = delivered + !given_up;
            if (outcome > 1) begin
                if (shortest == 0 || cycle - since < shortest)
                    shortest = cycle - since;
                if (cycle - since > longest)
                    longest = cycle - since;
            end
            since = cycle;
            last_cycle = cycle;
        end
    endtask

    always @(posedge clk) begin
        cycle = cycle + 1;
        quiet = quiet + 1;
        chance_out = shuffle(chance_out);
        m_axis_tready <= chance_out % 100 >= output_stalls;
        if (aresetn && (^{m_axis_tvalid, s_axis_tready, awready, wready, bvalid, arready, rvalid, irq} === 1'bx ||
                        (m_axis_tvalid && ^{m_axis_tdata, m_axis_tlast} === 1'bx)))
            complain(1, 0, 0);
        if (aresetn && held && (!m_axis_tvalid || m_axis_tdata !== held_data || m_axis_tlast !== held_last))
            complain(0, 0, 0);
        held <= aresetn && m_axis_tvalid && !m_axis_tready;
        held_data <= m_axis_tdata;
        held_last <= m_axis_tlast;
        if (aresetn && s_axis_tvalid && s_axis_tready)
            quiet = 0;
        if (aresetn && m_axis_tvalid && m_axis_tready) begin
            quiet = 0;
            if (dump != 0)
                $fwrite(dump, "R %h %b\n", m_axis_tdata, m_axis_tlast);
            if (m_axis_tdata[41:40] == 2'b00) begin
                at = place(m_axis_tdata[39:32], m_axis_tdata[31:16], m_axis_tdata[15:0]);
                if (at < 0)
                    complain(6, m_axis_tdata[39:32], m_axis_tdata[31:0]);
                else begin
`ifdef COFIBER_STREAM_SPARSE
                    if (!seen[at])
                        found[at] = 0;
                    if (found[at][m_axis_tdata[63:48]])
                        complain(3, outcome, at);
                    found[at][m_axis_tdata[63:48]] = 1'b1;
`else
                    if (seen[at])
                        complain(3, outcome, at);
                    found[at] = m_axis_tdata[48+:CLASSES];
`endif
                    seen[at] = 1'b1;
                end
            end
            if (m_axis_tlast)
                end_frame(m_axis_tdata[40]);
        end
    end

`ifdef COFIBER_STREAM_PROBE
    // The classifiers' sums, where the design has not been synthesised.
    `COFIBER_STREAM_PROBES
`endif
endmodule
