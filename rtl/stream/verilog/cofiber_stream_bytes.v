// cofiber_stream_bytes: gathers bytes into words of four, the first byte in the low bits. Bytes that come with s_load make
// words of `load_word`, which are never stalled; the others make words of a frame. TLAST ends a word wherever it comes:
// a word that it cuts short is marked with m_cut. No byte is taken while a word waits, so that s_ready is a register; and
// `word` stands for one cycle after it was taken.
module cofiber_stream_bytes (
    input  wire        clk,
    input  wire        rst,
    input  wire [ 7:0] s_data,
    input  wire        s_valid,
    output wire        s_ready,
    input  wire        s_last,
    input  wire        s_load,
    output reg  [31:0] word,
    output reg         m_valid,
    input  wire        m_ready,
    output reg         m_last,
    output reg         m_cut,
    output reg         load_valid,  // for one cycle: word is to be loaded
    output reg         load_last    // with it: the last word of what is loaded
);
    reg  [1:0] count;
    wire       take = s_valid && s_ready;
    wire       complete = count == 2'd3 || s_last;
    assign s_ready = !m_valid;

    always @(posedge clk) begin
        if (take) begin
            word   <= {s_data, word[31:8]};
            m_last <= s_last;
            m_cut  <= count != 2'd3;
        end
        load_valid <= take && complete && s_load && !rst;
        load_last  <= s_last;
        if (rst) begin
            count   <= 2'd0;
            m_valid <= 1'b0;
        end else begin
            if (take)
                count <= complete ? 2'd0 : count + 1'b1;
            m_valid <= m_valid ? !m_ready : take && complete && !s_load;
        end
    end
endmodule
