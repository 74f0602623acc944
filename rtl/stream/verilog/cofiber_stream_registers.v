// cofiber_stream_registers: the AXI4-Lite face of the core. registers.md says what each register means.
module cofiber_stream_registers #(
    parameter IDENTIFICATION = 32'h43464231,
    parameter VERSION = 32'h00010000,
    parameter GRID = 0,
    parameter FEATURES = 0,
    parameter PYRAMID = 0,
    parameter PARALLEL = 0,
    parameter LAYOUT = 0,
    parameter WEIGHT_WORDS = 0
) (
    input  wire        clk,
    input  wire        rst,
    input  wire [ 7:0] s_axil_awaddr,
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire [ 3:0] s_axil_wstrb,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output wire [ 1:0] s_axil_bresp,
    output reg         s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire [ 7:0] s_axil_araddr,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output reg  [31:0] s_axil_rdata,
    output wire [ 1:0] s_axil_rresp,
    output reg         s_axil_rvalid,
    input  wire        s_axil_rready,
    output reg         irq,
    input  wire        busy,
    input  wire        frame_taken,
    input  wire        frame_left,
    input  wire        error_short,
    input  wire        error_long,
    input  wire        input_waits,
    input  wire        output_waits,
    output reg         stop,
    output reg         t_write,
    output reg  [31:0] t_index,
    output reg  [63:0] t_value,
    output reg         w_write,
    output reg  [31:0] w_address,
    output reg  [31:0] w_data
);
    // Addresses in words.
    localparam CONTROL = 6'h02, STATUS = 6'h03, FRAMES_IN = 6'h0a, FRAMES_OUT = 6'h0b, SHORT_FRAMES = 6'h0c,
               LONG_FRAMES = 6'h0d, BUSY_CYCLES = 6'h0e, INPUT_STALLS = 6'h0f, OUTPUT_STALLS = 6'h10,
               FRAME_CYCLES = 6'h11, THRESHOLD_INDEX = 6'h12, THRESHOLD_LOW = 6'h13, THRESHOLD_HIGH = 6'h14,
               WEIGHT_ADDRESS = 6'h15, WEIGHT_DATA = 6'h16;

    // Address and data of a write may come in either order; each is held until both are there.
    reg        have_address, have_data;
    reg [ 5:0] at;
    reg [31:0] value;
    reg [ 3:0] strobes;
    reg        reset_done;  // ready only from the cycle after reset on
    assign s_axil_awready = reset_done && !have_address;
    assign s_axil_wready = reset_done && !have_data;
    assign s_axil_arready = reset_done && !s_axil_rvalid;
    assign s_axil_bresp = 2'b00;
    assign s_axil_rresp = 2'b00;
    wire both = have_address && have_data && !s_axil_bvalid;
    wire write = both && strobes == 4'b1111;  // part of a word is not written

    always @(posedge clk) begin
        if (s_axil_awvalid && s_axil_awready)
            at <= s_axil_awaddr[7:2];
        if (s_axil_wvalid && s_axil_wready) begin
            value   <= s_axil_wdata;
            strobes <= s_axil_wstrb;
        end
        if (rst) begin
            have_address  <= 1'b0;
            have_data     <= 1'b0;
            s_axil_bvalid <= 1'b0;
            reset_done    <= 1'b0;
        end else begin
            reset_done    <= 1'b1;
            have_address  <= both ? 1'b0 : have_address || (s_axil_awvalid && s_axil_awready);
            have_data     <= both ? 1'b0 : have_data || (s_axil_wvalid && s_axil_wready);
            s_axil_bvalid <= both || (s_axil_bvalid && !s_axil_bready);
        end
    end

    reg        irq_enable, seen_frame, seen_short, seen_long;
    reg [31:0] frames_in, frames_out, short_frames, long_frames, busy_cycles, input_stalls, output_stalls;
    reg [31:0] frame_cycles, since_frame;
    wire       to_control = write && at == CONTROL;
    wire       to_status = write && at == STATUS;

    always @(posedge clk) begin
        stop    <= to_control && value[0];
        t_write <= write && at == THRESHOLD_HIGH;
        w_write <= write && at == WEIGHT_DATA;
        w_data  <= value;
        if (write && at == THRESHOLD_INDEX)
            t_index <= value;
        if (write && at == THRESHOLD_LOW)
            t_value[31:0] <= value;
        if (write && at == THRESHOLD_HIGH)
            t_value[63:32] <= value;
        if (write && at == WEIGHT_ADDRESS)
            w_address <= value;
        else if (w_write)
            w_address <= w_address + 1;
        if (rst) begin
            stop          <= 1'b0;
            t_write       <= 1'b0;
            w_write       <= 1'b0;
            irq           <= 1'b0;
            irq_enable    <= 1'b0;
            seen_frame    <= 1'b0;
            seen_short    <= 1'b0;
            seen_long     <= 1'b0;
            t_index       <= 32'd0;
            t_value       <= 64'd0;
            w_address     <= 32'd0;
            frames_in     <= 32'd0;
            frames_out    <= 32'd0;
            short_frames  <= 32'd0;
            long_frames   <= 32'd0;
            busy_cycles   <= 32'd0;
            input_stalls  <= 32'd0;
            output_stalls <= 32'd0;
            frame_cycles  <= 32'd0;
            since_frame   <= 32'd0;
        end else begin
            if (to_control)
                irq_enable <= value[1];
            irq        <= irq_enable && (seen_frame || seen_short || seen_long);
            seen_frame <= frame_left || (seen_frame && !(to_status && value[1]));
            seen_short <= error_short || (seen_short && !(to_status && value[2]));
            seen_long  <= error_long || (seen_long && !(to_status && value[3]));
            // A write sets a counter.
            frames_in     <= write && at == FRAMES_IN ? value : frames_in + frame_taken;
            frames_out    <= write && at == FRAMES_OUT ? value : frames_out + frame_left;
            short_frames  <= write && at == SHORT_FRAMES ? value : short_frames + error_short;
            long_frames   <= write && at == LONG_FRAMES ? value : long_frames + error_long;
            busy_cycles   <= write && at == BUSY_CYCLES ? value : busy_cycles + busy;
            input_stalls  <= write && at == INPUT_STALLS ? value : input_stalls + input_waits;
            output_stalls <= write && at == OUTPUT_STALLS ? value : output_stalls + output_waits;
            since_frame   <= frame_left ? 32'd1 : since_frame + 1;
            if (frame_left)
                frame_cycles <= since_frame;
        end
    end

    always @(posedge clk) begin
        if (s_axil_arvalid && s_axil_arready)
            case (s_axil_araddr[7:2])
                6'h00: s_axil_rdata <= IDENTIFICATION;
                6'h01: s_axil_rdata <= VERSION;
                CONTROL: s_axil_rdata <= {30'd0, irq_enable, 1'b0};
                STATUS: s_axil_rdata <= {28'd0, seen_long, seen_short, seen_frame, busy};
                6'h04: s_axil_rdata <= GRID;
                6'h05: s_axil_rdata <= FEATURES;
                6'h06: s_axil_rdata <= PYRAMID;
                6'h07: s_axil_rdata <= PARALLEL;
                6'h08: s_axil_rdata <= LAYOUT;
                6'h09: s_axil_rdata <= WEIGHT_WORDS;
                FRAMES_IN: s_axil_rdata <= frames_in;
                FRAMES_OUT: s_axil_rdata <= frames_out;
                SHORT_FRAMES: s_axil_rdata <= short_frames;
                LONG_FRAMES: s_axil_rdata <= long_frames;
                BUSY_CYCLES: s_axil_rdata <= busy_cycles;
                INPUT_STALLS: s_axil_rdata <= input_stalls;
                OUTPUT_STALLS: s_axil_rdata <= output_stalls;
                FRAME_CYCLES: s_axil_rdata <= frame_cycles;
                THRESHOLD_INDEX: s_axil_rdata <= t_index;
                THRESHOLD_LOW: s_axil_rdata <= t_value[31:0];
                THRESHOLD_HIGH: s_axil_rdata <= t_value[63:32];
                WEIGHT_ADDRESS: s_axil_rdata <= w_address;
                default: s_axil_rdata <= 32'd0;
            endcase
        s_axil_rvalid <= !rst && ((s_axil_arvalid && s_axil_arready) || (s_axil_rvalid && !s_axil_rready));
    end
endmodule
